"""The command that shows who may do what."""

import click

from paritrana.home.matrix import matrix_text


@click.command("authz")
@click.option("--print", "wanted", is_flag=True, help="Print the table as Markdown.")
@click.pass_context
def authz(ctx: click.Context, wanted: bool) -> None:
    """Show the table of who may do what, in which state and on what condition."""
    click.echo(matrix_text() if wanted else ctx.get_help(), nl=not wanted)
