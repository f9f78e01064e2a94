"""What `interlock doctor` looks at in a project: each check gives findings, with what to type where something lacks."""
