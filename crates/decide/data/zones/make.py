"""Makes the table of time zones by leading digits from the `phonenumbers` package of PyPI (Apache-2.0), which
carries the metadata of libphonenumber (Apache-2.0).

    python3 -m venv venv && venv/bin/pip install phonenumbers && venv/bin/python make.py

Each line of `prefixes.txt` is a prefix from the country code on and the zones in which its numbers may be; the
longest prefix of a number counts. Numbering plans change: make the file anew with each release.

`examples.txt` is what that package itself says of one number of each region and kind, for the tests. It says of numbers
that belong to no place that they may be anywhere under their country code. Where a country code is that of many
countries (+1), the area code still tells the country, and so it is used there all the same.
"""

import pathlib

import phonenumbers
from phonenumbers import PhoneNumberType, timezone
from phonenumbers.tzdata import TIMEZONE_DATA

KINDS = (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE)


def examples():
    """One number of each region and kind with the zones that the package tells."""
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in KINDS:
            number = phonenumbers.example_number_for_type(region, kind)
            if number is None:
                continue
            digits = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]
            is_shared = number.country_code == 1
            ask = timezone.time_zones_for_geographical_number if is_shared else timezone.time_zones_for_number
            zones = ask(number)
            if zones != ("Etc/Unknown",):
                yield f"{digits} {' '.join(sorted(zones))}"


def main():
    here = pathlib.Path(__file__).parent
    source = f"# Source: phonenumbers {phonenumbers.__version__} (PyPI), metadata of libphonenumber; made by make.py."
    version = f"version {phonenumbers.__version__}"
    lines = [f"{prefix} {' '.join(zones)}" for prefix, zones in sorted(TIMEZONE_DATA.items())]
    head = ["# Time zones by the leading digits of a number.", source, version]
    (here / "prefixes.txt").write_text("\n".join([*head, *lines]) + "\n")
    head = ["# What the package says of numbers, for the tests.", source]
    (here / "examples.txt").write_text("\n".join([*head, *examples()]) + "\n")


main()
