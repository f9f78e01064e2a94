"""What `make` and the workflows run beside the commands: the demo, `make policy`, a review's comment, a form's variables."""
