"""What an owner of a project grants, written for gcloud and for Terraform."""
