"""What of Terraform's output is shown."""

from __future__ import annotations

from interlock.terraform.output import Shown

OUTPUT = """\
schedules  google_cloud_scheduler_job.one: Refreshing state... [id=x]
schedules  Terraform will perform the following actions:
schedules  # google_cloud_scheduler_job.one will be created
             + resource "google_cloud_scheduler_job" "one" {
                 + name = "one"
                 + retry_config {
                     + retry_count = 3
                   }
schedules  + id   = (known after apply)
               }

             # google_cloud_scheduler_job.two will be updated in-place
             ~ resource "google_cloud_scheduler_job" "two" {
                 ~ paused = false -> true
               }

           Plan: 1 to add, 1 to change, 0 to destroy.
"""
CREATED_BODY = slice(3, 10)
CUT = """\
schedules  + resource "google_cloud_scheduler_job" "one" {
                 + name = "one"
schedules  }
           Plan: 1 to add, 0 to change, 0 to destroy.
             + resource "google_cloud_scheduler_job" "two" {
                 + text = <<-EOT
           Apply complete! Resources: 1 added, 0 changed, 0 destroyed.
"""


def shown(*, bodies: bool) -> list[str]:
    """The lines that are shown."""
    return list(filter(Shown(bodies=bodies), OUTPUT.splitlines()))


def test_refreshing_is_never_shown_and_everything_else_of_a_plan_is() -> None:
    assert shown(bodies=True) == OUTPUT.splitlines()[1:]


def test_what_a_new_resource_is_made_of_is_left_out_but_never_a_change() -> None:
    lines = OUTPUT.splitlines()
    del lines[CREATED_BODY]
    assert shown(bodies=False) == lines[1:]


def test_a_resource_whose_first_or_last_line_names_the_stack_ends_all_the_same() -> None:
    lines = CUT.splitlines()
    assert list(filter(Shown(bodies=False), lines)) == [lines[3], lines[6]]
