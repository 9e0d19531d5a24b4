"""What the arguments of each subcommand run: a handler sets the environment, then imports ``installation`` and others,
which set up Django."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from charthouse import datadir, processes
from charthouse.datadir import CommandError


@contextmanager
def provide_database(options: argparse.Namespace, *, lasting: bool = False) -> Iterator[None]:
    """Set the environment of a command, and run an embedded server within the block unless DATABASE_URL is set.
    ``lasting``: for a command that runs until it is stopped."""
    from charthouse import database_urls
    from charthouse.database_server import embedded_postgres

    watch = embedded_postgres.watch_keeper if lasting else nullcontext
    data = datadir.prepare(options.data)
    os.environ["CHARTHOUSE_DATA"] = str(data)
    if "DATABASE_URL" in os.environ:
        yield
        return
    database_urls.use_own_database(embedded_postgres.database_url(data), os.environ)
    try:
        with embedded_postgres.run_server(data), watch(data):
            yield
    except embedded_postgres.EmbeddedServerError as error:
        raise CommandError(str(error)) from None


def run_sandbox(options: argparse.Namespace) -> None:
    from charthouse.commands import fork, sandbox

    sandbox.run(options, fork.serve_forks)


def run_serve(options: argparse.Namespace) -> None:
    if not processes.has_listeners():
        from charthouse.commands import serve

        serve.run(options)
        return
    with provide_database(options, lasting=True):
        from charthouse.commands import installation

        installation.require_migrated()
        installation.serve(processes.take_listeners(), options.threads)


def run_worker(options: argparse.Namespace) -> None:
    with provide_database(options, lasting=True):
        from charthouse.commands import installation

        installation.require_migrated()
        installation.run_worker(options.concurrency)


def run_migrate(options: argparse.Namespace) -> None:
    with provide_database(options):
        from charthouse.commands import installation

        installation.migrate()


def run_createpractice(options: argparse.Namespace) -> None:
    with provide_database(options):
        from charthouse.commands import accounts, installation

        installation.require_migrated()
        print(accounts.create_practice(options.name))


def run_createuser(options: argparse.Namespace) -> None:
    with provide_database(options):
        from charthouse.commands import accounts, installation

        installation.require_migrated()
        print(
            accounts.create_user(
                options.username,
                practice=options.practice,
                role=options.role,
                primary=options.primary,
                first_name=options.first_name,
                last_name=options.last_name,
                email=options.email,
                timezone=options.timezone,
            )
        )


def run_passwordlink(options: argparse.Namespace) -> None:
    with provide_database(options):
        from charthouse.commands import accounts, installation

        installation.require_migrated()
        print(accounts.make_password_link(options.username))


def run_resetotp(options: argparse.Namespace) -> None:
    with provide_database(options):
        from charthouse.commands import accounts, installation

        installation.require_migrated()
        print(accounts.reset_otp(options.username))


def run_rotatekeys(options: argparse.Namespace) -> None:
    with provide_database(options):
        from charthouse.commands import installation

        print(installation.rotate_keys(lost=options.lost))


def run_resume(options: argparse.Namespace) -> None:
    with provide_database(options):
        from charthouse.commands import installation

        print(
            installation.resume()
            if options.practice is None
            else installation.resume_practice(options.practice)
        )


def run_pause(options: argparse.Namespace) -> None:
    with provide_database(options):
        from charthouse.commands import installation

        print(installation.pause())


def run_audit(options: argparse.Namespace) -> None:
    with provide_database(options):
        from charthouse.commands import installation

        if options.what == "seal":
            print(installation.seal_audit())
        elif options.what == "anchor":
            print(installation.record_anchor())
        else:
            print(installation.verify_audit(options.practice, options.heads))


def run_check(options: argparse.Namespace) -> None:
    _note_sandbox(options)
    with provide_database(options):
        from charthouse.commands import operation

        if not operation.check(as_json=options.json):
            raise SystemExit(1)


def run_doctor(options: argparse.Namespace) -> None:
    _note_sandbox(options)
    with provide_database(options):
        from charthouse.commands import operation

        operation.print_report(as_json=options.json)


def run_export(options: argparse.Namespace) -> None:
    _note_sandbox(options)
    with provide_database(options):
        from charthouse.commands import installation, transfer

        installation.require_migrated()
        with_documents = not options.without_documents
        print(transfer.export_practice(options.practice, options.target, with_documents=with_documents))


def run_import(options: argparse.Namespace) -> None:
    _note_sandbox(options)
    with provide_database(options):
        from charthouse.commands import installation, transfer

        installation.require_migrated()
        print(transfer.import_practice(options.source, options.report))


def _note_sandbox(options: argparse.Namespace) -> None:
    """Set the environment of a sandbox where the data directory is that of one."""
    if (options.data / "sandbox.json").exists():
        os.environ["CHARTHOUSE_SANDBOX"] = "1"


def run_openapi(options: argparse.Namespace) -> None:
    print(render_openapi(options.dialect))


def render_openapi(dialect: str) -> str:
    """Return the OpenAPI document of an API. Needs no database."""
    os.environ.setdefault("CHARTHOUSE_SECRET_KEY", "nothing is signed")
    from charthouse.commands import installation

    return installation.render_openapi(dialect)
