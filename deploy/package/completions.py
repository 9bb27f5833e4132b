"""Writes the completions of bash and zsh from what `--help` of every command says."""
import argparse
import pathlib
import re

import help_text

HERE = pathlib.Path(__file__).resolve().parent
FILES = ("FILE", "PATH", "OLD", "NEW")
FOLDERS = ("DIR",)
CHOOSING = ("HOW", "LEVEL", "FORMAT", "ACTION")
# A list of words in the text of a flag: "continue (default), link or restart".
CHOICE = re.compile(r"((?:[a-z]+(?: \(default\))?, )*[a-z]+(?: \(default\))?) or ([a-z]+)$")


def kind(entry):
    """What its value is: FILE, HOW, ADDR, ...; a positional is called by that."""
    return entry.metavariable or entry.names[0]


def choices(entry):
    """The words that it takes, where its text ends in all of them; only a kind that is no address, number or name has such."""
    found = CHOICE.search(entry.doc.partition("; ")[0])
    if kind(entry) not in CHOOSING or not found:
        return []
    return [word.removesuffix(" (default)") for word in found[1].split(", ")] + [found[2]]


def long_name(flag):
    return next((name for name in flag.names if name.startswith("--")), flag.names[0])


def bash_values(entry):
    words = choices(entry)
    if words:
        return f"words '{' '.join(words)}'"
    if kind(entry) in FILES:
        return "files"
    if kind(entry) in FOLDERS:
        return "folders"
    return "settings" if kind(entry) == "PATH=VALUE" else "nothing"


def bash_command(command):
    """The branch of one command: what its words may be, and what follows a flag that takes a value."""
    name = " ".join(command.path)
    words = [long_name(flag) for flag in command.flags] + [each.path[-1] for each in command.subcommands]
    lines = [f"        '{name}')", f"            candidates='{' '.join(words)}'"]
    if command.positionals:
        lines.append(f"            operands=\"{bash_values(command.positionals[0])}\"")
    valued = [flag for flag in command.flags if flag.value]
    if valued:
        lines.append("            case $previous in")
        lines += [f"                {'|'.join(flag.names)}) values=\"{bash_values(flag)}\" ;;" for flag in valued]
        lines.append("            esac")
    return lines + ["            ;;"]


def bash(tree):
    branches = [line for each in tree.all() for line in bash_command(each)]
    names = " ".join("/".join(each.path) for each in list(tree.all())[1:])
    text = (HERE / "outrider.bash.in").read_text()
    return text.replace("@COMMANDS@", names).replace("@BRANCHES@", "\n".join(branches))


def quoted(text):
    """Within single quotes, for _arguments and _describe, to which brackets and colons mean something."""
    return text.replace("'", "'\\''").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")


def zsh_action(entry):
    words = choices(entry)
    if words:
        return f"({' '.join(words)})"
    if kind(entry) in FILES:
        return "_files"
    if kind(entry) in FOLDERS:
        return "_files -/"
    return "_outrider_settings" if kind(entry) == "PATH=VALUE" else " "


def zsh_flag(flag):
    name = long_name(flag)
    value = f":{quoted(flag.metavariable)}:{zsh_action(flag)}" if flag.value else ""
    return f"        '{'*' if flag.repeatable else ''}{name}[{quoted(flag.doc)}]{value}'"


def zsh_command(command):
    function = "_".join(["_outrider", *command.path])
    specs = [zsh_flag(flag) for flag in command.flags]
    if command.subcommands:
        return zsh_below(command, function, specs)
    specs += [f"        '{'*' if each.repeatable else ''}:{quoted(kind(each))}:{zsh_action(each)}'" for each in command.positionals]
    return ["", f"{function}() {{", "    _arguments -s \\", " \\\n".join(specs), "}"]


def zsh_below(command, function, specs):
    """A command whose first word is one of several commands."""
    words = [f"        '{each.path[-1]}:{quoted(each.doc)}'" for each in command.subcommands]
    cases = [f"        {each.path[-1]}) {'_'.join(['_outrider', *each.path])} ;;" for each in command.subcommands]
    return ["", f"{function}() {{", "    local state line", "    local -a commands=(", *words, "    )",
            "    _arguments -C \\", " \\\n".join([*specs, "        '1: :->command'", "        '*:: :->rest'"]),
            "    case $state in", "        command) _describe command commands ;;", "        rest)", "            case $line[1] in",
            *("        " + case for case in cases), "            esac", "            ;;", "    esac", "}"]


def zsh(tree):
    functions = [line for each in tree.all() for line in zsh_command(each)]
    return (HERE / "outrider.zsh.in").read_text().replace("@FUNCTIONS@", "\n".join(functions).strip("\n"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("bash", type=pathlib.Path)
    parser.add_argument("zsh", type=pathlib.Path)
    arguments = parser.parse_args()
    tree = help_text.read(arguments.program)
    arguments.bash.write_text(bash(tree))
    arguments.zsh.write_text(zsh(tree))


if __name__ == "__main__":
    main()
