"""otcfix sanctions: the lists, and who is on them."""

import typer

app = typer.Typer(help="Sanctions lists, and who is on them.", no_args_is_help=True)
