"""Writes the manual page: outrider.1.in with what `--help` of every command says in the place of @COMMANDS@."""
import argparse
import pathlib

import help_text

HERE = pathlib.Path(__file__).resolve().parent


def escaped(text):
    """Text as roff prints it: no line begins a request, and a dash can be copied as one."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line.startswith((".", "'")) else line for line in text.split("\n"))


def shown(entry):
    names = ", ".join(f"\\fB{escaped(name)}\\fR" for name in entry.names)
    return f"{names} \\fI{escaped(entry.value)}\\fR" if entry.value else names


def listed(entries):
    return [line for each in entries for line in (".TP", shown(each), escaped(each.doc))]


def literal(text):
    return [".PP", ".RS 4", ".nf", escaped("\n".join(line.removeprefix("  ") for line in text.split("\n"))), ".fi", ".RE"]


def section(command):
    """One command: what it does, how it is called, its flags, its examples."""
    name = " ".join(["outrider", *command.path])
    positionals = "".join(f" [\\fI{each.names[0]}\\fR]" for each in command.positionals)
    lines = [f".SS {escaped(name)}", escaped(command.doc[:1].upper() + command.doc[1:] + "."), ".PP",
             f"\\fB{escaped(name)}\\fR [\\fIOPTION\\fR]...{positionals}"]
    lines += listed(command.positionals)
    for title, flags in command.groups:
        flags = [flag for flag in flags if "--help" not in flag.names]
        if not flags:
            continue
        if title != "Options":
            lines += [".PP", f"\\fI{title}\\fR"]
        lines += listed(flags)
    for note in command.notes:
        lines += [".PP", escaped(note)]
    return lines + (literal(command.examples) if command.examples else [])


def manual(program, version):
    tree = help_text.read(program)
    commands = [line for each in list(tree.all())[1:] if not each.subcommands for line in section(each)]
    text = (HERE / "outrider.1.in").read_text()
    return text.replace("@VERSION@", version).replace("@COMMANDS@", "\n".join(commands)).replace(
        "@EXAMPLES@", "\n".join(literal(tree.examples)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("version")
    parser.add_argument("output", type=pathlib.Path)
    arguments = parser.parse_args()
    arguments.output.write_text(manual(arguments.program, arguments.version))


if __name__ == "__main__":
    main()
