"""The rules as checks of checkov: `checkov --external-checks-dir policies/checks`.

checkov looks for this file to take the folder for one of checks, and does not run it: it executes each other module of the
folder on its own, by its bare name.
"""
