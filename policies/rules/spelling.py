"""Names that nobody declares, tables and owners: one that is misspelled is another one, and nothing refuses it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from policies.rules.estate import DECLARED, Estate, Resource
from policies.rules.near import Names, is_near
from policies.rules.rule import WRITTEN, rule
from policies.rules.values import NOTHING

SECTIONS = ("processors", "backfills")
Found = Mapping[str, tuple[str, ...]]
"""By entry, what is said of it."""


@rule(
    43,
    "spelling",
    "A table and an owner are spelled as others spell them",
    kinds=(DECLARED,),
    origins=WRITTEN,
    bad="processors:\n  orders: {tables: {raw.orders: [mutate]}, ...}\n  late: {tables: {raw.oders: [mutate]}, ...}",
    good="processors:\n  orders: {tables: {raw.orders: [mutate]}, ...}\n  late: {tables: {raw.orders: [mutate]}, ...}",
)
def spelling(entry: Resource, estate: Estate) -> Iterator[str]:
    """Tables and owners are declared by being named. A table with a letter wrong is a table of its own: a backfill of the right
    one holds nothing for whoever writes the wrong one. So a name that one entry uses and that is a slip away from what others
    use is asked about. Two that differ by numbers alone, as of two years, are a family. A key that names the day of a
    partition (`named_by`) and is in no body of a job that leads there is asked about, too: its runs count as of any day."""
    yield from estate.once(_misspelled).get(entry.name, ())
    unnamed = entry.facts.block("unnamed") or NOTHING
    for key in unnamed.names():
        whose = _shown(unnamed.texts(key))
        yield f"its named_by {key} is in the body of no job that leads to it, so each run counts as of any day: {whose}"


def _misspelled(estate: Estate) -> Found:
    found: dict[str, list[str]] = defaultdict(list)
    for say in (_tables, _datasets, _owners):
        for subject, message in say(estate):
            found[subject].append(message)
    return {subject: tuple(messages) for subject, messages in found.items()}


@dataclass(frozen=True, kw_only=True)
class _Uses:
    """Who uses which name, in the order of the catalog; and the names that somebody writes."""

    by_name: Mapping[str, tuple[str, ...]]
    written: frozenset[str]
    places: Mapping[str, tuple[str, int]]

    @cached_property
    def _names(self) -> Names:
        return Names(self.by_name)

    def right(self, name: str) -> str | None:
        """What is probably meant by a name that one entry uses: a near one that others use and that entry does not. Of two
        that one entry each uses it is the one that is written, else the one that is declared first."""
        [user] = self.by_name[name]
        others = (one for one in self._names.near(name) if user not in self.by_name[one])
        better = [one for one in others if self._weight(one) > self._weight(name)]
        return max(better, key=self._weight, default=None)

    def _weight(self, name: str) -> tuple[int, bool, tuple[str, int], str]:
        users = self.by_name[name]
        file, line = min(self.places[user] for user in users)
        return len(users), name in self.written, (_last_first(file), -line), _last_first(name)


def _last_first(text: str) -> str:
    """Sorts the other way round."""
    return "".join(chr(0x10FFFF - ord(character)) for character in text)


def _tables(estate: Estate) -> Iterator[tuple[str, str]]:
    uses = estate.once(_table_uses)
    for table, users in uses.by_name.items():
        if len(users) == 1 and (right := uses.right(table)):
            yield users[0], f"nobody else touches {table}; is {right} meant, of {_shown(uses.by_name[right])}?"


def _table_uses(estate: Estate) -> _Uses:
    users: dict[str, list[str]] = defaultdict(list)
    written: set[str] = set()
    for entry in _of(estate, *SECTIONS):
        for table in entry.facts.texts("tables"):
            users[table].append(entry.name)
        written.update(entry.facts.texts("writes"))
    by_name = {table: tuple(found) for table, found in sorted(users.items())}
    return _Uses(by_name=by_name, written=frozenset(written), places=estate.once(_places))


def _datasets(estate: Estate) -> Iterator[tuple[str, str]]:
    """A dataset that one entry uses, none of whose tables is near one of another dataset, which is said already."""
    uses = estate.once(_table_uses)
    tables: dict[str, list[str]] = defaultdict(list)
    for table in uses.by_name:
        tables[table.partition(".")[0]].append(table)
    users = {
        dataset: dict.fromkeys(user for table in found for user in uses.by_name[table]) for dataset, found in tables.items()
    }
    for dataset, found in users.items():
        near = [one for one in users if len(users[one]) > 1 and is_near(dataset, one)] if len(found) == 1 else []
        if near and not any(map(uses.right, tables[dataset])):
            [user], whose = found, tuple(users[near[0]])
            yield user, f"nobody else uses the dataset {dataset}; is {near[0]} meant, of {_shown(whose)}?"


def _owners(estate: Estate) -> Iterator[tuple[str, str]]:
    """An owner that one file names, where others name a near one, or that file does more often."""
    owned: dict[str, list[str]] = defaultdict(list)
    for entry in _of(estate, "jobs", "backfills", "windows"):
        owned[entry.facts.text("whose") or ""].append(entry.name)
    places = estate.once(_places)
    files = {owner: {places[entry][0] for entry in entries} for owner, entries in owned.items()}
    for owner, entries in sorted(owned.items()):
        near = [one for one in owned if is_near(owner, one)] if len(files[owner]) == 1 else []
        better = [one for one in near if (len(files[one]), len(owned[one])) > (1, len(entries))]
        if better:
            right = max(better, key=lambda one: (len(owned[one]), one))
            first = min(entries, key=lambda entry: places[entry])
            yield first, f"its owner {owner} is near {right}, of {_shown(tuple(owned[right]))}; is that meant?"


def _of(estate: Estate, *sections: str) -> Iterator[Resource]:
    return (entry for entry in estate.every(DECLARED) if entry.name.partition(".")[0] in sections)


def _places(estate: Estate) -> Mapping[str, tuple[str, int]]:
    """File and line of each entry."""
    found = {}
    for entry in estate.every(DECLARED):
        file, _, line = (entry.facts.text("source") or ":0").rpartition(":")
        found[entry.name] = file, int(line)
    return found


def _shown(users: tuple[str, ...]) -> str:
    more = f" and {len(users) - 1} more" if len(users) > 1 else ""
    return f"{users[0]}{more}"
