"""What a schedule has to keep: `rules/`, one pure function a rule; `checks/`, a check of checkov for each."""
