"""Makes the calendars of this folder from the `holidays` package of PyPI (MIT).

    python3 -m venv venv && venv/bin/pip install holidays && venv/bin/python make.py

Each file says which days are not worked although they are weekdays, and which weekend days are worked.
A government may announce days later than the package knows them: make the files anew every year.
"""

import datetime
import pathlib

import holidays

FIRST_YEAR, LAST_YEAR = 2020, 2036
# The class of each place, its language, and whether its government moves working days into weekends.
# Hong Kong counts Saturdays as working days in its Employment Ordinance; banks and contracts do not.
PLACES = {
    "BE": (holidays.Belgium, "en_US", False),
    "CN": (holidays.China, "en_US", True),
    "HK": (holidays.HongKong, "en_US", False),
    "IE": (holidays.Ireland, None, False),
}


def lines(calendar, moves_days):
    day = datetime.date(FIRST_YEAR, 1, 1)
    while day.year <= LAST_YEAR:
        weekend = day.weekday() >= 5
        if weekend and moves_days and calendar.is_working_day(day):
            yield f"{day} work"
        elif not weekend and day in calendar:
            yield f"{day} off {calendar.get(day)}"
        day += datetime.timedelta(days=1)


def main():
    here = pathlib.Path(__file__).parent
    for name, (place, language, moves_days) in PLACES.items():
        calendar = place(years=range(FIRST_YEAR, LAST_YEAR + 1), language=language)
        head = [
            f"# Working days of {name}: weekdays that are off, weekend days that are worked.",
            f"# Source: holidays {holidays.__version__} (PyPI), made by make.py.",
            f"from {FIRST_YEAR}-01-01",
            f"to {LAST_YEAR}-12-31",
        ]
        (here / f"{name}.txt").write_text("\n".join([*head, *lines(calendar, moves_days)]) + "\n")


main()
