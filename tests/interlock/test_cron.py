"""The dialect: what is accepted, what is refused and why; and names of time zones."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from interlock.cron import MAX_TEXT_CHARACTERS, Cron, CronError, ZoneError, zone
from interlock.zones import names

NEW_YORK = zone("America/New_York")
ETC_UTC = zone("Etc/UTC")

REFUSED = [
    pytest.param("0 0 12 * * *", "has 6 fields, and Cloud Scheduler has no seconds", id="seconds, as a sixth field"),
    pytest.param("0 12 * *", "has 4 fields; allowed is 5 fields", id="four fields"),
    pytest.param("0 0 12 * * * 2026", "has 7 fields", id="a year, as a seventh field"),
    pytest.param("5", "has 1 field;", id="one field"),
    pytest.param("", "has 0 fields", id="no text at all"),
    pytest.param("@daily", "a shorthand that Cloud Scheduler does not have", id="a shorthand"),
    pytest.param("* * * * @", "day of week '@' has the character '@'", id="an at sign in a field"),
    pytest.param("every 5 minutes", "App Engine's English syntax", id="App Engine English with three words"),
    pytest.param("every day from 9:00 to 17:00", "App Engine's English syntax", id="App Engine English with six words"),
    pytest.param("1st,third mon,wed of month 04:00", "App Engine's English syntax", id="App Engine English with five words"),
    pytest.param("0 5 L * *", "day of month 'L' has 'L', and Cloud Scheduler has no `L`", id="L, the last day"),
    pytest.param("0 5 LW * *", "day of month 'LW' has 'LW', and Cloud Scheduler has no `L`", id="LW, the last weekday"),
    pytest.param("0 5 15W * *", "day of month '15W' has '15W', and Cloud Scheduler", id="W, the nearest weekday"),
    pytest.param("0 5 * * 5L", "day of week '5L' has '5L', and Cloud Scheduler has no `L`", id="5L, the last Friday"),
    pytest.param("0 5 * * 1#2", "day of week '1#2' has the character '#'", id="the second Monday"),
    pytest.param("0 5 ? * 1", "day of month '?' has the character '?'", id="a question mark for any day"),
    pytest.param("0 5 1 * 1", "are both restricted", id="both day fields restricted"),
    pytest.param("0 5 1 * 1", "disagree on 46 % of such schedules", id="both day fields restricted says how often it matters"),
    pytest.param("0 5 */2 * MON", "are both restricted", id="both day fields restricted, one by a step"),
    pytest.param("0 5 1-31 * MON", "are both restricted", id="both day fields restricted, one by a range of all"),
    pytest.param("5-5 * * * *", "minute '5-5' is a range from a number to itself", id="an equal range"),
    pytest.param(
        "5-5 * * * *", "disagree on 93 % of such schedules); allowed is the number alone, `5`", id="an equal range, why"
    ),
    pytest.param("5-5/2 * * * *", "is a range from a number to itself", id="an equal range with a step"),
    pytest.param("0 0 * * MON-1", "is a range from a number to itself", id="an equal range of a name and its number"),
    pytest.param("50-10 * * * *", "minute '50-10' is a range that wraps around", id="a range over the end of the hour"),
    pytest.param("0 22-2 * * *", "hour '22-2' is a range that wraps around", id="a range over midnight"),
    pytest.param("0 0 * * SAT-SUN", "is a range that wraps around", id="SAT-SUN"),
    pytest.param("0 0 * NOV-FEB *", "month 'NOV-FEB' is a range that wraps around", id="a range over the end of the year"),
    pytest.param("*/0 * * * *", "minute '*/0' has the step '0'; allowed is a step from 1 to 59", id="a zero step"),
    pytest.param("*/60 * * * *", "has the step '60'; allowed is a step from 1 to 59", id="a step of the whole hour"),
    pytest.param("0 */24 * * *", "hour '*/24' has the step '24'; allowed is a step from 1 to 23", id="a step of the whole day"),
    pytest.param("0 0 * * */7", "day of week '*/7' has the step '7'; allowed is a step from 1 to 6", id="a step of the week"),
    pytest.param("0-10/11 * * * *", "has the step '11'; allowed is a step from 1 to 10", id="a step beyond its range"),
    pytest.param("*/ * * * *", "has the step ''", id="a step that is missing"),
    pytest.param("*/5/5 * * * *", "has the step '5/5'", id="two steps"),
    pytest.param("*/-5 * * * *", "has the step '-5'", id="a negative step"),
    pytest.param("5/15 * * * *", "minute '5/15' has a step after a single number", id="a step after a number"),
    pytest.param("60 * * * *", "minute '60' has '60', a number out of range; allowed is 0 to 59", id="minute 60"),
    pytest.param("0 24 * * *", "hour '24' has '24', a number out of range; allowed is 0 to 23", id="hour 24"),
    pytest.param("0 0 0 * *", "day of month '0' has '0', a number out of range; allowed is 1 to 31", id="day 0"),
    pytest.param("0 0 32 * *", "day of month '32' has '32', a number out of range", id="day 32"),
    pytest.param("0 0 * 0 *", "month '0' has '0', a number out of range; allowed is 1 to 12 or JAN-DEC", id="month 0"),
    pytest.param("0 0 * 13 *", "month '13' has '13', a number out of range", id="month 13"),
    pytest.param("0 0 * * 8", "day of week '8' has '8', a number out of range; allowed is 0 to 7 or SUN-SAT", id="weekday 8"),
    pytest.param("0-60 * * * *", "minute '0-60' has '60', a number out of range", id="a range that ends out of range"),
    pytest.param("-5 * * * *", "minute '-5' has '', a number that is missing", id="a negative number"),
    pytest.param("5- * * * *", "minute '5-' has '', a number that is missing", id="a range without end"),
    pytest.param("1-2-3 * * * *", "minute '1-2-3' has '2-3', which is no number", id="a range with three numbers"),
    pytest.param("0 0 30 2 *", "day of month '30' is in no month of '2', so it never fires", id="30 February"),
    pytest.param("0 0 31 4,6,9,11 *", "is in no month of '4,6,9,11', so it never fires", id="31 of the short months"),
    pytest.param("0 0 30,31 FEB *", "is in no month of 'FEB', so it never fires", id="30 and 31 February"),
    pytest.param("0 0 * * JAN", "day of week 'JAN' has 'JAN', a name of a month", id="a month as a weekday"),
    pytest.param("0 0 * MON *", "month 'MON' has 'MON', a name of a day of the week", id="a weekday as a month"),
    pytest.param(
        "0 MON * * *", "hour 'MON' has 'MON', a name of a day of the week; allowed is 0 to 23,", id="a name as an hour"
    ),
    pytest.param("0 0 * * mon", "day of week 'mon' has 'mon', a name in lower case", id="a name in lower case"),
    pytest.param("0 0 * * MONDAY", "day of week 'MONDAY' has 'MONDAY', which is no number", id="a name in full"),
    pytest.param("1,,2 * * * *", "minute '1,,2' has an empty list item", id="an empty list item"),
    pytest.param(",1 * * * *", "minute ',1' has an empty list item", id="a list that starts with a comma"),
    pytest.param("1, * * * *", "minute '1,' has an empty list item", id="a list that ends with a comma"),
    pytest.param("*,5 * * * *", "minute '*,5' has `*` inside a list", id="a star inside a list"),
    pytest.param("\u0663 * * * *", "minute '\\u0663' has the character '\\u0663'", id="an Arabic digit"),
    pytest.param("1\u00b2 * * * *", "has the character '\\xb2'", id="a superscript digit"),
    pytest.param(" 0 5 * * *", "has spaces around it", id="a space in front"),
    pytest.param("0 5 * * *\n", "has spaces around it", id="a line end behind"),
    pytest.param("0  5 * * *", "more than one space in a place", id="two spaces"),
    pytest.param("0\t5 * * *", "has spaces around it or more than one space", id="a tab"),
    pytest.param("0 5 * * *;", "day of week '*;' has the character ';'", id="junk behind"),
    pytest.param("0 5 * * *\x00", "has the character '\\x00'", id="a null byte"),
    pytest.param("0," * MAX_TEXT_CHARACTERS, f"has {2 * MAX_TEXT_CHARACTERS} characters; allowed are", id="an endless text"),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_refused(text: str, reason: str) -> None:
    with pytest.raises(CronError) as caught:
        Cron.parse(text)
    message = str(caught.value)
    assert reason in message
    assert "; allowed " in message
    assert len(message) < 400
    assert message.isprintable()


ACCEPTED = [
    pytest.param("* * * * *", range(60), range(24), id="every minute"),
    pytest.param("15,45 * * * *", {15, 45}, range(24), id="twice an hour"),
    pytest.param("*/20 */6 * * *", {0, 20, 40}, {0, 6, 12, 18}, id="steps after a star"),
    pytest.param("5-20/5 6-8 * * *", {5, 10, 15, 20}, {6, 7, 8}, id="a step after a range"),
    pytest.param("*/45 0 * * *", {0, 45}, {0}, id="a step that does not divide the hour"),
    pytest.param("*/30,10,10 0 * * *", {0, 10, 30}, {0}, id="a list with a step and a duplicate"),
    pytest.param("05 08 * * *", {5}, {8}, id="leading zeros"),
    pytest.param("0 5 * * MON-FRI", {0}, {5}, id="names of days"),
    pytest.param("0 5 * * 5-7", {0}, {5}, id="Friday to Sunday"),
    pytest.param("0 5 1 JAN,JUL *", {0}, {5}, id="names of months"),
    pytest.param("0 0 29 2 *", {0}, {0}, id="29 February"),
    pytest.param("0 0 31 2,3 *", {0}, {0}, id="31 of a month that has it and one that has not"),
]


@pytest.mark.parametrize(("text", "minutes", "hours"), ACCEPTED)
def test_accepted(text: str, minutes: set[int], hours: set[int]) -> None:
    cron = Cron.parse(text)
    assert (cron.text, cron.minutes, cron.hours) == (text, frozenset(minutes), frozenset(hours))
    assert str(cron) == text


@pytest.mark.parametrize(
    ("text", "days", "months", "weekdays"),
    [
        pytest.param("0 5 * * *", range(1, 32), range(1, 13), range(7), id="every day"),
        pytest.param("0 5 1,10-30/10 JAN,7 *", {1, 10, 20, 30}, {1, 7}, range(7), id="days of two months"),
        pytest.param("0 5 * * 5-7", range(1, 32), range(1, 13), {0, 5, 6}, id="7 is Sunday, as is 0"),
        pytest.param("0 5 * 2 SUN,*/3", range(1, 32), {2}, {0, 3, 6}, id="a step over the week"),
    ],
)
def test_dates(text: str, days: set[int], months: set[int], weekdays: set[int]) -> None:
    cron = Cron.parse(text)
    assert (cron.days, cron.months, cron.weekdays) == (frozenset(days), frozenset(months), frozenset(weekdays))


@pytest.mark.parametrize("field", range(5))
def test_every_field_takes_each_of_its_numbers_and_none_beyond(field: int) -> None:
    low, high = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)][field]

    def accepted(number: int) -> bool:
        fields = ["*"] * 5
        fields[field] = str(number)
        try:
            Cron.parse(" ".join(fields))
        except CronError:
            return False
        return True

    assert [number for number in range(100) if accepted(number)] == list(range(low, high + 1))


@pytest.mark.parametrize("sunday", ["0", "7", "SUN"])
def test_sunday_has_three_spellings(sunday: str) -> None:
    assert Cron.parse(f"0 5 * * {sunday}").next_fire(datetime(2026, 5, 1, tzinfo=UTC), ETC_UTC) == datetime(
        2026, 5, 3, 5, tzinfo=UTC
    )


@settings(max_examples=500, derandomize=True)
@given(
    st.text(max_size=40)
    | st.text("0123456789*,/- LW#?@JANMONSUjan", max_size=30)
    | st.lists(st.text("0159*,/-"), min_size=5, max_size=5).map(" ".join)
)
@example("\ud800 * * * *")
@example("9" * 499)
@example("* * * * " + "0," * 240)
def test_any_text_is_parsed_or_refused_with_a_reason(text: str) -> None:
    try:
        cron = Cron.parse(text)
    except CronError as error:
        assert str(error).isprintable()  # noqa: PT017
    else:
        cron.next_fire(datetime(2026, 1, 1, tzinfo=UTC), ETC_UTC)


@pytest.mark.parametrize("name", ["Etc/UTC", "UTC", "America/New_York", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])
def test_zones_of_the_database_are_known(name: str) -> None:
    assert zone(name).key == name


def test_no_zone_of_the_database_is_shut_out() -> None:
    assert {zone(name).key for name in names()} >= {"Europe/Berlin", "GB-Eire", "W-SU"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="no name"),
        pytest.param("../etc/passwd", id="a path upwards"),
        pytest.param("America/../../../etc/passwd", id="a path upwards behind a folder"),
        pytest.param("/etc/localtime", id="an absolute path"),
        pytest.param("America", id="a folder of zones"),
        pytest.param("America/New_York\n", id="a line end behind a zone"),
        pytest.param("america/new_york", id="a zone in lower case"),
        pytest.param("localtime", id="the zone of this machine"),
        pytest.param("right/Etc/UTC", id="a zone with leap seconds"),
        pytest.param("Europe/Nowhere", id="an unknown zone"),
        pytest.param("PST8PDT\x00", id="a null byte"),
        pytest.param("\ud800", id="half a character"),
        pytest.param("A" * 5000, id="an endless name"),
    ],
)
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ZoneError, match=r"is not a time zone; allowed are names of the tz database") as caught:
        zone(name)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        pytest.param(datetime(2026, 5, 1), "has no time zone; instants are aware", id="a naive instant"),
        pytest.param(datetime.min.replace(tzinfo=UTC), "is not in the years", id="the first instant there is"),
        pytest.param(datetime.max.replace(tzinfo=UTC), "is not in the years", id="the last instant there is"),
    ],
)
def test_instants_that_make_no_sense_are_refused_at_once(bad: datetime, reason: str) -> None:
    cron = Cron.parse("0 * * * *")
    with pytest.raises(ValueError, match=reason):
        cron.next_fire(bad, NEW_YORK)
    with pytest.raises(ValueError, match=reason):
        cron.fires_between(bad, NOON, NEW_YORK)
    with pytest.raises(ValueError, match=reason):
        cron.fires_between(NOON, bad, NEW_YORK)


def test_an_interval_holds_its_start_and_not_its_end() -> None:
    fires = Cron.parse("0 * * * *").fires_between(NOON, NOON + timedelta(hours=2), NEW_YORK)
    assert list(fires) == [NOON, NOON + timedelta(hours=1)]


def test_an_interval_that_ends_before_it_starts_is_empty() -> None:
    assert not list(Cron.parse("* * * * *").fires_between(NOON, NOON - timedelta(hours=2), NEW_YORK))


def test_the_next_fire_is_strictly_later() -> None:
    cron = Cron.parse("0 12 * * *")
    assert cron.next_fire(NOON, ETC_UTC) == NOON + timedelta(days=1)
    assert cron.next_fire(NOON - datetime.resolution, ETC_UTC) == NOON
    assert cron.next_fire(NOON + datetime.resolution, ETC_UTC) == NOON + timedelta(days=1)


def test_instants_come_in_any_zone_and_go_out_in_utc() -> None:
    indian_noon = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    fire = Cron.parse("0 8 * * *").next_fire(indian_noon, NEW_YORK)
    assert fire.isoformat() == "2026-05-02T12:00:00+00:00"
