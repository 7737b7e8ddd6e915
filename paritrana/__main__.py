"""`python -m paritrana` is the console command `paritrana`."""

from paritrana.cli import main

if __name__ == "__main__":
    main(prog_name="paritrana")
