"""The coordinator's Cloud Run function: HTTP around `interlock/runtime/`; `requirements.txt` is what it is built with."""
