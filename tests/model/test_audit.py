from opentcf.model.audit import AuditLog


def entry(log: AuditLog, target: str):
    return log.add(1e9, "local", "user kick", target, "done")


def test_entries_are_numbered_and_read_in_pages():
    log = AuditLog()
    assert log.after(0, 10) == []
    made = [entry(log, str(number)) for number in range(5)]
    assert [one.number for one in made] == [1, 2, 3, 4, 5]
    assert log.after(0, 2) == made[:2]
    assert log.after(2, 10) == made[2:]
    assert log.after(5, 10) == []


def test_numbers_go_on_after_what_the_store_held():
    log = AuditLog()
    log.restore(entry(AuditLog(), "1001")._replace(number=41))
    assert entry(log, "1002").number == 42
    assert [one.number for one in log.after(0, 10)] == [41, 42]


def test_the_oldest_leave_memory_and_numbers_stay():
    log = AuditLog(kept=3)
    for number in range(5):
        entry(log, str(number))
    assert [one.number for one in log.after(0, 10)] == [3, 4, 5]
    assert [one.number for one in log.after(3, 10)] == [4, 5]
