from charthouse.identity import rowsecurity


def test_every_record_table_is_secured() -> None:
    assert rowsecurity.unsecured() == []
