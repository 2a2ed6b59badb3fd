"""`sfs completion`: the script that lets a shell complete commands, options and values."""

from __future__ import annotations

import click

from simpleflow_steps.cli.command import Command, debug_option

SHELLS = ("bash", "zsh", "fish")
PROGRAMS = ("sfs", "simpleflow-steps")

# Bash cuts a word at each : and =, so that daily:Daily or --storage=URL arrive in pieces: they are put together again,
# and what stands before the last piece is taken off what is offered.
BASH = """\
%(complete_func)s() {
    local cut="${COMP_WORDS[COMP_CWORD]}" rest="$COMP_LINE" place=0 index word before type value response
    local -a words=()
    for ((index = 0; index <= COMP_CWORD; index++)); do
        word="${COMP_WORDS[index]}"
        if [[ $index -gt 0 && $rest == [[:space:]]* ]]; then
            place=$((place + 1))
            rest="${rest#"${rest%%%%[![:space:]]*}"}"
        fi
        words[place]="${words[place]}$word"
        rest="${rest#"$word"}"
    done
    before="${words[place]%%"$cut"}"
    [[ $cut == [:=] ]] && before="${words[place]}"
    [[ $before == --*=* ]] && before="${before#*=}"
    response=$(IFS=' '; env COMP_WORDS="${words[*]}" COMP_CWORD=$place %(complete_var)s=bash_complete "$1" 2>/dev/null)
    COMPREPLY=()
    while IFS=',' read -r type value; do
        case $type in
            dir) compopt -o dirnames 2>/dev/null ;;
            file) compopt -o default 2>/dev/null ;;
            plain)
                value="${value#"$before"}"
                [[ $value == *[.:] ]] && compopt -o nospace 2>/dev/null
                printf -v value '%%q' "$value"
                COMPREPLY+=("$value")
                ;;
        esac
    done <<< "$response"
}

complete -o nosort -F %(complete_func)s %(prog_name)s 2>/dev/null || complete -F %(complete_func)s %(prog_name)s
"""


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(SHELLS))
@debug_option
def completion(shell: str, debug: bool) -> None:
    """Print the script that lets a shell complete commands, options, and values.

    Workflow ids, step names and runs are looked up in the storage that --storage, if it comes before, or else the
    environment names; workflows in the modules of the current directory. A storage that is slow is not waited for.

    Bash: load it in each shell that starts.

    \b
    sfs completion bash > ~/.sfs-completion.bash
    echo 'source ~/.sfs-completion.bash' >> ~/.bashrc

    Zsh: the same, below the line with compinit.

    \b
    sfs completion zsh > ~/.sfs-completion.zsh
    echo 'source ~/.sfs-completion.zsh' >> ~/.zshrc

    Fish:

    \b
    sfs completion fish > ~/.config/fish/completions/sfs.fish
    """
    del debug  # the command itself heeds it
    for program in PROGRAMS:
        click.echo(script(shell, program))


def script(shell: str, program: str) -> str:
    """Give the script for one name of the program.

    :param shell: one of `SHELLS`
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is None:
        raise click.BadParameter(f"{shell!r} is no shell that click knows")
    variable = f"_{program.replace('-', '_')}_COMPLETE".upper()
    maker = found(click.Command(program), {}, program, variable)
    if shell == "bash":
        return BASH % maker.source_vars()
    return maker.source().replace(f" {program})", f" {program} 2>/dev/null)")
