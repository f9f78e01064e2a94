"""What several commands share: options, tables, asking the cloud, running Terraform, and the local target."""
