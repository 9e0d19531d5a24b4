"""Patients of the first practice who are described one by one, all of them invented.

There are long charts, families, twins, likely duplicates, names of many forms.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class FeaturedPatient:
    """A patient. ``born``: ISO date. ``days_known``: since the chart was opened, at most.

    ``conditions``: ICD-10-CM codes of ``data.conditions``. ``allergies``: names of ``chart_entries.ALLERGIES``, None
    for what the patient's id gives. ``visits``: within the last two years. ``email``: None for one made of the name, ""
    for none. ``died``: days before today. ``parent``: index of the featured patient who is a parent of this one.
    ``phone``, ``address``: None for what is drawn.
    """

    first_name: str
    last_name: str
    gender: str
    born: str
    conditions: tuple[str, ...] = ()
    allergies: tuple[str, ...] | None = None
    visits: int = 9
    middle_name: str = ""
    language: str = "eng"
    race: str = "white"
    ethnicity: str = "not_hispanic"
    email: str | None = None
    days_known: int = 2200
    died: int | None = None
    parent: int | None = None
    phone: str | None = None
    address: str | None = None


_HEART = ("I10", "E78.5", "I25.10")
_KIDNEY = ("I12.9", "E11.22", "N18.31", "E78.5")

FEATURED_PATIENTS = (
    FeaturedPatient(
        "Margaret",
        "O'Connor",
        "Female",
        "1949-03-14",
        (*_KIDNEY, "E11.42", "E03.9", "M81.0", "M17.9", "K21.9", "H04.129", "H91.90", "K59.00"),
        ("Penicillin G", "Codeine", "Latex"),
        visits=11,
    ),
    FeaturedPatient(
        "José Luis",
        "Hernández-Peña",
        "Male",
        "1957-11-02",
        (*_HEART, "E11.9", "N40.1", "G47.33", "E66.9", "F33.1", "K21.9", "M10.9"),
        ("Sulfamethoxazole", "Bee venom"),
        visits=10,
        language="spa",
        ethnicity="hispanic",
    ),
    FeaturedPatient(
        "Hạnh",
        "Nguyễn",
        "Female",
        "1963-06-21",
        ("E03.9", "D50.9", "M81.0", "E78.5", "K21.9", "E55.9", "J30.9", "M54.50", "G47.00", "H04.129"),
        ("Codeine", "Peanut"),
        race="asian",
        middle_name="Thị",
    ),
    FeaturedPatient(
        "Walter",
        "Brandt",
        "Male",
        "1944-01-30",
        (
            "I48.91",
            "I50.22",
            "I12.9",
            "N18.31",
            "J44.9",
            "E78.5",
            "N40.1",
            "M17.9",
            "H91.90",
            "K59.00",
            "G47.00",
        ),
        ("Sulfamethoxazole", "Latex"),
        visits=12,
    ),
    FeaturedPatient(
        "Ana",
        "García Romero",
        "Female",
        "1994-02-17",
        ("Z34.82", "O99.012", "E03.9", "J30.9"),
        ("Penicillin G",),
        visits=8,
        days_known=1500,
        language="spa",
        ethnicity="hispanic",
        address="77 Larkspur Ln",
        phone="(303) 555-0177",
    ),
    FeaturedPatient(
        "Mateo",
        "García Romero",
        "Male",
        "2024-08-06",
        ("L20.9",),
        (),
        visits=8,
        email="",
        parent=4,
        language="spa",
        ethnicity="hispanic",
        address="77 Larkspur Ln",
        phone="(303) 555-0177",
    ),
    FeaturedPatient(
        "Lucía",
        "García Romero",
        "Female",
        "2024-08-06",
        (),
        (),
        visits=8,
        email="",
        parent=4,
        language="spa",
        ethnicity="hispanic",
        address="77 Larkspur Ln",
        phone="(303) 555-0177",
    ),
    FeaturedPatient(
        "",
        "Suharto",
        "Male",
        "1960-09-09",
        ("I10", "E11.9", "E78.5", "M10.9", "K21.9", "N40.1", "J30.9", "M54.50"),
        ("Penicillin G", "Codeine"),
        race="asian",
    ),
    FeaturedPatient(
        "秀英",
        "王",
        "Female",
        "1953-12-01",
        (*_HEART, "E03.9", "M81.0", "M17.9", "G47.00", "H04.129", "E55.9"),
        ("Sulfamethoxazole", "Codeine"),
        language="zho",
        race="asian",
        email="wang.xiuying@example.com",
    ),
    FeaturedPatient(
        "Renée",
        "Bélanger-Côté",
        "Female",
        "1972-07-19",
        ("G43.909", "F41.1", "D50.9", "J45.909", "J30.9", "K21.9", "E66.9", "N95.1", "M54.50", "E55.9"),
        ("Latex", "Sulfamethoxazole"),
        language="fra",
    ),
    FeaturedPatient(
        "Дмитрий",
        "Соколов",
        "Male",
        "1951-04-25",
        (*_HEART, "J44.9", "I48.91", "E11.9", "N40.1", "H91.90", "K21.9"),
        ("Penicillin G", "Bee venom"),
        visits=11,
        language="rus",
        email="d.sokolov@example.com",
    ),
    FeaturedPatient(
        "Earl",
        "Washington",
        "Male",
        "1955-08-28",
        (*_KIDNEY, "E11.42", "E66.9", "G47.33", "M10.9", "M17.9", "K21.9", "F33.1"),
        ("Codeine", "Bee venom"),
        visits=11,
        race="black",
    ),
    FeaturedPatient(
        "Siobhán",
        "Ní Dhomhnaill",
        "Female",
        "1968-10-11",
        ("E03.9", "F33.1", "J45.909", "J30.9", "E78.5", "I10", "K21.9", "E55.9", "G47.00"),
        ("Penicillin G", "Peanut"),
    ),
    FeaturedPatient(
        "ليلى",
        "الحسن",
        "Female",
        "1959-05-05",
        ("E11.9", "I10", "E78.5", "E03.9", "M17.9", "K21.9", "H04.129", "E66.9", "K59.00"),
        ("Sulfamethoxazole", "Latex"),
        email="layla.alhassan@example.com",
    ),
    FeaturedPatient(
        "Harold",
        "Whitfield",
        "Male",
        "1938-02-08",
        ("I50.22", "I48.91", "I12.9", "N18.31", "E78.5", "J44.9", "N40.1", "H91.90", "K59.00", "M17.9"),
        ("Codeine", "Latex"),
        visits=9,
        died=40,
    ),
    FeaturedPatient(
        "Robert",
        "Kowalski",
        "Male",
        "1971-05-09",
        ("I10", "E78.5"),
        ("Penicillin G",),
        visits=5,
        phone="(303) 555-0142",
        address="418 Juniper Ct",
    ),
    FeaturedPatient(
        "Bob",
        "Kowalski",
        "Male",
        "1971-05-09",
        ("I10",),
        (),
        visits=2,
        phone="(303) 555-0142",
        address="418 Juniper Ct",
        email="",
        days_known=300,
    ),
    FeaturedPatient(
        "Lin",
        "Chen",
        "Female",
        "1981-03-03",
        ("F41.1", "G43.909"),
        (),
        visits=4,
        race="asian",
        address="2210 Aspen Dr",
        phone="(303) 555-0119",
    ),
    FeaturedPatient(
        "Olivia",
        "Chen",
        "Female",
        "2014-04-12",
        ("J45.909", "J30.9"),
        ("Peanut",),
        visits=7,
        race="asian",
        email="",
        parent=17,
        address="2210 Aspen Dr",
        phone="(303) 555-0119",
    ),
)
