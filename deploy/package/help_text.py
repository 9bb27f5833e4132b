"""Reads what `outrider COMMAND --help` prints, so that manual and completions can say the same."""
import dataclasses
import re
import subprocess

DOC_COLUMN = 32  # CLI11 puts what an entry means here, and on the next line where the entry itself is longer


@dataclasses.dataclass
class Entry:
    """A flag (`names` begin with a dash), a positional or a subcommand."""

    names: list
    value: str
    doc: str

    @property
    def repeatable(self):
        return self.value.endswith(" ...")

    @property
    def metavariable(self):
        return self.value.removesuffix(" ...")


@dataclasses.dataclass
class Command:
    """`path` is the words after `outrider`; none is the program itself."""

    path: list
    doc: str
    positionals: list
    groups: list  # of (title, [flag])
    subcommands: list  # of Command
    notes: list  # paragraphs between the flags and the examples
    examples: str

    @property
    def flags(self):
        return [flag for _, flags in self.groups for flag in flags]

    def all(self):
        """This command and every one below it."""
        yield self
        for each in self.subcommands:
            yield from each.all()


def entry(name, doc):
    names, _, value = name.partition(" ")
    if value.startswith("TEXT "):  # what CLI11 says where no type was named
        value = value.removeprefix("TEXT ")
    return Entry(names.split(","), value.replace("REQUIRED", "").strip(), doc)


def entries(lines):
    found = []
    for line in lines:
        name, doc = line[:DOC_COLUMN], line[DOC_COLUMN:]
        if not name.strip():
            found[-1].doc = f"{found[-1].doc} {doc.strip()}".strip()
        elif doc and not name.endswith(" "):  # longer than its column
            words = re.split(r" {2,}", line.strip(), maxsplit=1)
            found.append(entry(words[0], words[1] if len(words) > 1 else ""))
        else:
            found.append(entry(name.strip(), doc.strip()))
    return found


def sections(text):
    """[(title, [line])] of the titled lists, and the paragraphs after them."""
    lists, footer = [], []
    for block in text.strip("\n").split("\n\n"):
        title, *lines = block.split("\n")
        if not footer and title.endswith(":") and lines and title not in ("Examples:", "Example:"):
            lists.append((title[:-1], lines))
        else:
            footer.append(block)
    return lists, footer


def ask(program, path):
    done = subprocess.run([program, *path, "--help"], capture_output=True, text=True, timeout=30, check=True)
    return done.stdout


def read(program, path=()):
    """The whole tree of commands from `path` on, by asking the program."""
    text = ask(program, path)
    usage = re.search(r"^Usage: .*\n", text, re.MULTILINE)
    lists, footer = sections(text[usage.end():])
    titles = dict(lists)
    below = [read(program, [*path, each.names[0]]) for each in entries(titles.pop("Subcommands", []))]
    positionals = entries(titles.pop("Positionals", []))
    examples = [block.partition("\n")[2] for block in footer if block.startswith("Example")]
    notes = [block for block in footer if not block.startswith("Example")]
    groups = [(title, entries(lines)) for title, lines in titles.items()]
    return Command(list(path), text[:usage.start()].strip(), positionals, groups, below, notes, "\n".join(examples))
