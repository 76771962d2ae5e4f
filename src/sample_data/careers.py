"""Invent resumes, written as people write them, from the vocabulary."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from src.sample_data import wording
from src.sample_data.wording import Dice, Role

SEED = 20240229
PEOPLE = 2_800

# Words planned: the share of texts at most this long, joined by straight lines.
LENGTHS = ((0.0, 70), (0.1, 140), (0.25, 225), (0.5, 370), (0.75, 530), (0.9, 740), (1.0, 1230))

# What makes the roles hard to tell apart, in shares of the people or, for work, of the lines.
CHANGED_ROLE = 0.18  # the earlier jobs were in a neighbouring role
SIDE_WORK = 0.8  # the most of a neighbour's work among the lines that belong to any role
HYBRID_WORK = 0.95  # the same for the quarter of the people who do two roles at once
COPIES = 0.4  # people who copy lines from job to job
GLUED = 0.15  # conversions that lost some spaces
LABEL_NOISE = 0.01
TITLED = (0.88, 0.25)  # own titles in the present job and in earlier ones, else mostly vague ones
HEADLINES = (0.45, 0.6, 0.7)  # a title of the role, a vague one, another role's, else none


@dataclass
class Job:
    """One job: its role, employer and systems, and whether it is the present one."""

    role: Role
    title: str
    domain: str
    systems: list[str]
    present: bool


SLOT = re.compile(r"\[([^\[\]]*)\]|\{([a-z]+)(\d?)\}")
PAST = re.compile(r"(?!Involved)[A-Z][a-z]+ed |Wrote |Built |Led ")


class Writer:
    """Write the resume of one person."""

    def __init__(
        self, dice: Dice, common: dict[str, Any], roles: dict[str, Role], role: Role
    ) -> None:
        """Decide what kind of person this is and how that person writes."""
        self.dice, self.common, self.role = dice, common, role
        names = list(role.neighbours)
        order = dice.shuffled(names, [role.neighbours[name] for name in names])
        self.neighbour = roles[order[0]]
        self.changed = dice.chance(CHANGED_ROLE)
        self.present_tense = dice.chance(0.45)
        self.first_person = dice.chance(0.15)
        self.general = dice.between(0.05, 0.4)
        least, most = (0.0, SIDE_WORK) if dice.chance(0.75) else (0.5, HYBRID_WORK)
        self.side_work = dice.between(least, most)
        self.copies = dice.chance(COPIES)
        self.bullet = dice.pick(common["bullets"]) + " " if dice.chance(0.7) else ""
        self.prose = not self.bullet and dice.chance(0.5)
        self.capitals, self.colon = dice.chance(0.5), ":" if dice.chance(0.5) else ""
        self.duties, self.environment = dice.chance(0.5), dice.chance(0.5)
        self.years = str(int(dice.between(1, 15)))
        self.words = int(dice.along(LENGTHS))
        self.stacks: dict[tuple[str, str], list[str]] = {}
        self.decks: dict[str, list[str]] = {}
        self.written: list[str] = []
        self.jobs = self.career()

    def career(self) -> list[Job]:
        """Invent the jobs, the present one first."""
        number = 1 + int(self.dice.between(0.4, 1.6) * self.words / 300)
        roles = [self.role] + [self.role] * (min(number, 5) - 1)
        if self.changed:
            # The change may be recent: then all but the first job are from the former role.
            roles = [self.role] + [self.neighbour] * max(1, len(roles) - 1)
            if len(roles) > 2 and self.dice.chance(0.4):
                roles[1] = self.role
        return [self.job(role, place == 0) for place, role in enumerate(roles)]

    def job(self, role: Role, present: bool) -> Job:
        """Invent one job; titles are often vague."""
        draw = self.dice.random()
        titles = self.common["general"]["titles"]
        if draw < (TITLED[0] if present else TITLED[1]):
            titles = role.titles
        elif draw > 0.95:
            titles = self.neighbour.titles
        domain = self.dice.pick(list(self.common["domains"]))
        systems = self.dice.shuffled(self.common["domains"][domain])[:3]
        return Job(role, self.dice.pick(titles), domain, systems, present)

    def stack(self, role: Role, heading: str) -> list[str]:
        """Return the tools of one kind that this person knows."""
        key = (role.name, heading)
        if key not in self.stacks:
            names, weights = role.tools[heading]
            count = max(4, int(len(names) * self.dice.between(0.15, 0.5)))
            self.stacks[key] = self.dice.shuffled(names, weights)[:count]
        return self.stacks[key]

    def fill(self, sentence: str, job: Job) -> str:
        """Fill the choices and slots of a sentence."""
        used: set[str] = set()

        def value(match: re.Match[str]) -> str:
            """Return what to put in the place of one choice or slot."""
            if match[2] is None:
                return str(self.dice.pick(match[1].split("|")))
            for _ in range(4):
                text = self.slot(match[2], match[3], job)
                if text not in used:
                    break
            used.add(text)
            return text

        while SLOT.search(sentence):
            sentence = SLOT.sub(value, sentence)
        return " ".join(sentence.split()).replace(" .", ".").replace(" ,", ",")

    def slot(self, name: str, again: str, job: Job) -> str:
        """Return one value of a slot."""
        if name in self.common["verbs"]:
            tense = "now" if job.present and self.present_tense else "past"
            verb: str = self.dice.pick(self.common["verbs"][name][tense])
            return verb
        if name in job.role.slots:
            return self.dice.pick(job.role.slots[name])
        if name in job.role.tools:
            return self.dice.pick(self.stack(job.role, name))
        if name == "domain":
            return self.dice.pick(list(self.common["domains"])) if again else job.domain
        if name == "system":
            return self.dice.pick(job.systems)
        if name in ("years", "title"):
            return self.years if name == "years" else job.title
        value: str = self.dice.pick(self.common["slots"][name])
        return value

    def sentences(self, job: Job, words: float) -> list[str]:
        """Describe a job in a given number of words, roughly."""
        lines: list[str] = []
        while words > 0:
            if self.copies and self.written and self.dice.chance(0.5):
                line = self.dice.pick(self.written)
            else:
                tasks, deck, source = job.role.tasks, job.role.name, job
                if self.dice.chance(self.general):
                    tasks, deck = self.common["general"]["tasks"], "general"
                elif self.dice.chance(self.side_work):
                    # Few jobs are pure: some of the neighbour's work is done on the side.
                    other = self.neighbour if job.role is self.role else self.role
                    source = Job(other, job.title, job.domain, job.systems, job.present)
                    tasks, deck = other.tasks, other.name
                line = self.fill(self.draw(deck, tasks), source)
            lines.append(line)
            words -= len(line.split())
        self.written += lines
        return lines

    def draw(self, deck: str, lines: list[str]) -> str:
        """Draw a line from a deck without repeating any until all are used."""
        if not self.decks.get(deck):
            self.decks[deck] = self.dice.shuffled(lines)
        return self.decks[deck].pop()

    def listed(self, lines: list[str]) -> list[str]:
        """Lay out sentences as prose or as bullets."""
        if self.first_person:
            lines = [f"I {x[0].lower()}{x[1:]}" if PAST.match(x) else x for x in lines]
        return [" ".join(lines)] if self.prose else [self.bullet + line for line in lines]

    def heading(self, name: str) -> str:
        """Return a heading the way this person writes headings."""
        text: str = self.dice.pick(self.common["headings"][name])
        return (text.upper() if self.capitals else text) + self.colon

    def coined(self, syllables: int) -> str:
        """Invent a name: people, firms and projects make up most of the rare words."""
        parts = [self.dice.pick(self.common["syllables"]) for _ in range(syllables)]
        return "".join(parts).capitalize()

    def contact(self) -> list[str]:
        """Return name, title, city, telephone and mail, or some of them."""
        dice, common = self.dice, self.common
        first, last = dice.pick(common["names"]["first"]), self.coined(3)
        lines = [f"{first} {last}"] if dice.chance(0.6) else []
        # Who changed the role says so at the top.
        draw = dice.random() * (0.6 if self.changed else 1.0)
        if draw < HEADLINES[0]:
            lines.append(dice.pick(self.role.titles))
        elif draw < HEADLINES[1]:
            lines.append(dice.pick(common["general"]["titles"]))
        elif draw < HEADLINES[2]:
            lines.append(dice.pick(self.neighbour.titles))
        if dice.chance(0.5):
            phone = f"({200 + int(dice.random() * 700)}) 555-01{int(dice.random() * 90) + 10}"
            lines += [f"Email: {first.lower()}{last.lower()}@example.com", f"Phone: {phone}"]
        return lines + ([dice.pick(common["cities"])] if dice.chance(0.4) else [])

    def summary(self, words: float) -> list[str]:
        """Return the opening summary."""
        lines: list[str] = []
        aside = Job(self.neighbour, self.jobs[0].title, self.jobs[-1].domain, [], False)
        while words > 0:
            job, deck = self.jobs[0], "summary"
            if self.dice.chance(0.25 + self.general / 2):
                text = self.draw("soft", self.common["general"]["summary"])
            else:
                # Who changed the role keeps much of the old summary.
                if self.changed and self.dice.chance(0.5):
                    job, deck = aside, "former"
                text = self.draw(deck, job.role.summary)
            lines.append(self.fill(text, job))
            words -= len(lines[-1].split())
        return lines

    def tools(self, number: float) -> dict[str, list[str]]:
        """Return about so many tools by heading, those of former roles included."""
        by_heading: dict[str, list[str]] = {}
        for role in {job.role.name: job.role for job in self.jobs}.values():
            for heading in role.tools:
                tools = by_heading.setdefault(heading, [])
                tools += [tool for tool in self.stack(role, heading) if tool not in tools]
        share = min(1.0, number / sum(map(len, by_heading.values())))
        return {
            heading: tools[: max(1, round(share * len(tools)))]
            for heading, tools in by_heading.items()
        }

    def skills(self, words: float) -> list[str]:
        """Return the section of skills."""
        by_heading = self.tools(words / 1.5)
        extra = self.dice.shuffled(*self.common["general"]["tools"])[: 1 + int(words / 12)]
        if self.dice.chance(0.3):
            every = [tool for tools in by_heading.values() for tool in tools] + extra
            return [", ".join(self.dice.shuffled(every))]
        by_heading["other"] = extra
        return [
            f"{self.bullet}{self.dice.pick(self.common['kinds'][key])}: {', '.join(tools)}"
            for key, tools in by_heading.items()
        ]

    def employment(self, job: Job, words: float, years: tuple[int, int]) -> list[str]:
        """Describe one job with its head and perhaps its environment."""
        dice, common = self.dice, self.common
        first = self.coined(2) if dice.chance(0.6) else dice.pick(common["employers"]["first"])
        firm = f"{first} {dice.pick(common['employers']['last'])}"
        firm = f"Client: {firm}" if dice.chance(0.15) else firm
        start, end = (f"{dice.pick(common['months'])} {year}" for year in years)
        head = [firm, dice.pick(common["cities"]), f"{start} - {'Present' if job.present else end}"]
        if dice.chance(0.8):
            head.insert(int(dice.random() * 4), job.title)
        lines = [", ".join(head)] if dice.chance(0.5) else [" ".join(head[:2]), " ".join(head[2:])]
        if dice.chance(0.3):
            lines.append(f"Project: {self.coined(2)} {dice.pick(job.systems).title()}")
        if self.duties and words > 40:
            lines.append(self.heading("tasks"))
        if self.environment and words > 60:
            stacks = [tool for heading in job.role.tools for tool in self.stack(job.role, heading)]
            tools = dice.shuffled(stacks)[: 4 + int(words / 15)]
            tools += dice.shuffled(*common["general"]["tools"])[: int(dice.between(0, 5))]
            lines += self.listed(self.sentences(job, words - 1.4 * len(tools)))
            return [*lines, "Environment: " + ", ".join(tools)]
        return lines + self.listed(self.sentences(job, words))

    def text(self) -> str:
        """Return the whole text."""
        dice, lines = self.dice, self.contact()
        if dice.chance(0.2):
            objective = self.fill(dice.pick(self.common["objective"]), self.jobs[0])
            lines += [self.heading("objective"), objective]
        parts = self.opening()
        spent = sum(len(line.split()) for part in parts.values() for line in part)
        parts["experience"] = self.experience(self.words - spent - 35 - 10 * len(self.jobs))
        if dice.chance(0.8):
            degree, school = dice.pick(self.common["degrees"]), dice.pick(self.common["schools"])
            parts["education"] = [f"{degree}, {self.coined(3)} {school}"]
        if dice.chance(0.35):
            own = dice.shuffled(self.role.certifications)[: 1 + int(dice.between(0, 2))]
            parts["certifications"] = [self.bullet + line for line in own]
        order = dice.shuffled(parts) if dice.chance(0.3) else list(parts)
        for name in order:
            lines += [self.heading(name), *parts[name]]
        glued = self.words > 150 and dice.chance(GLUED)
        return wording.debris(lines, dice, self.common, glued)

    def opening(self) -> dict[str, list[str]]:
        """Return the summary and the skills, if the text is long enough for them."""
        dice, parts = self.dice, dict[str, list[str]]()
        if self.words > 110 and dice.chance(0.85):
            parts["summary"] = self.listed(self.summary(self.words * dice.between(0.08, 0.25)))
        if self.words > 90 and dice.chance(0.8):
            parts["skills"] = self.skills(self.words * dice.between(0.05, 0.16))
        return parts

    def experience(self, words: float) -> list[str]:
        """Describe the jobs from the present one backwards."""
        dice, lines = self.dice, list[str]()
        weights = [dice.between(0.5, 1.5) for _ in self.jobs]
        year = 2012 + int(dice.between(0, 9))
        for job, weight in zip(self.jobs, weights, strict=True):
            since = year - 1 - int(dice.between(0, 3))
            # Even the shortest text says a little of what was done.
            lines += self.employment(job, max(words, 50) * weight / sum(weights), (since, year))
            year = since
        return lines


def careers() -> Iterator[tuple[str, str]]:
    """Yield invented resumes, each with its writer's present role."""
    roles, common, dice = wording.roles(), wording.common(), Dice(SEED)
    total = sum(role.share for role in roles.values())
    labels = [n for n, role in roles.items() for _ in range(round(PEOPLE * role.share / total))]
    for name in dice.shuffled(labels):
        writer = Writer(dice, common, roles, roles[name])
        label = writer.neighbour.name if dice.chance(LABEL_NOISE) else name
        yield writer.text(), label
