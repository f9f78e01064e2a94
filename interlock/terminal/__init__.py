"""What several commands share: options, tables, asking the cloud, running cdktf."""
