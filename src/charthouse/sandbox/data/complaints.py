"""Illnesses of days and check-ups: what patients come for besides their conditions. Texts are this project's own."""

from charthouse.sandbox.data.conditions.condition import Complaint, Dosage

ADULT, CHILD = (18, 120), (0, 17)
AMOXICILLIN = Dosage("Amoxicillin 500 mg tablet", "Three times a day for 7 days")
AZITHROMYCIN = Dosage("Azithromycin 250 mg tablet", "Two on the first day, then once a day for 4 days")
FOR_CHILDREN = (
    Dosage("Amoxicillin 400 mg/5 mL suspension", "Twice a day for 7 days", "5", 70),
    Dosage("Azithromycin 200 mg/5 mL suspension", "Once a day for 5 days", "4", 20),
)

COMPLAINTS = (
    Complaint(
        "J06.9",
        "Cold",
        "Runny nose and cough for four days, no fever since yesterday. Drinks well.",
        "Throat slightly red, ears clear, lungs clear.",
        "Fluids and rest; come back if fever returns or breathing gets hard.",
    ),
    Complaint(
        "J02.9",
        "Sore throat",
        "Sore throat for two days, hurts to swallow. Temperature of 100.8 at home.",
        "Throat red, tonsils large without pus, neck nodes tender.",
        "Antibiotic as the rapid test is positive; back to work or school after a day of it.",
        (AMOXICILLIN, AZITHROMYCIN),
        FOR_CHILDREN,
        21,
        ages=(3, 120),
    ),
    Complaint(
        "N39.0",
        "Urinary tract infection",
        "Burning on urination for two days, goes every hour. No fever, no back pain.",
        "Abdomen soft, slightly tender above the pubic bone, flanks not tender.",
        "Nitrofurantoin for five days, fluids; urine culture sent.",
        (Dosage("Nitrofurantoin 100 mg capsule", "Twice a day for 5 days"),),
        dose_count=10,
        sex="Female",
        ages=ADULT,
    ),
    Complaint(
        "R05.9",
        "Cough",
        "Dry cough for three weeks after a cold, worse at night. No fever, no blood.",
        "Lungs clear, no wheeze.",
        "Honey, fluids; chest film if it lasts beyond eight weeks.",
        ages=(2, 120),
        is_problem=False,
    ),
    Complaint(
        "M25.561",
        "Right knee pain",
        "Right knee sore since a fall on ice last week. Walks, no locking.",
        "Small bruise, no effusion, ligaments firm.",
        "Ice, rest for a week, then the bicycle.",
        ages=ADULT,
        is_problem=False,
    ),
    Complaint(
        "R10.9",
        "Abdominal pain",
        "Cramps around the navel since the weekend, loose stools twice. No blood, no fever.",
        "Abdomen soft, no guarding.",
        "Small meals, fluids; call if the pain moves to the right or fever comes.",
        ages=ADULT,
        is_problem=False,
    ),
    Complaint(
        "L03.90",
        "Skin infection",
        "Red, warm patch on the shin around a scratch, growing since yesterday. No fever.",
        "Patch of three inches on the left shin, outlined in pen, no fluctuance.",
        "Antibiotic for a week, leg up; come back tomorrow if it passes the line.",
        (
            Dosage("Cephalexin 500 mg tablet", "Four times a day for 7 days"),
            AZITHROMYCIN,
        ),
        dose_count=28,
        ages=ADULT,
    ),
    Complaint(
        "B34.9",
        "Viral illness",
        "Aches, chills and a temperature of 101 for two days. Family had the same.",
        "Tired, not toxic. Lungs clear, neck supple.",
        "Rest, fluids, acetaminophen; call on day five if there is still fever.",
    ),
    Complaint(
        "R51.9",
        "Headache",
        "Headache over the forehead for three days, worse in the afternoon at the screen.",
        "Pupils equal, neck supple, no weakness.",
        "Breaks from the screen, sleep; diary if it returns.",
        ages=ADULT,
        is_problem=False,
    ),
    Complaint(
        "J20.9",
        "Bronchitis",
        "Cough with yellow sputum for a week, chest feels tight when coughing.",
        "Scattered rhonchi that clear with cough, saturation as in vitals.",
        "No antibiotic needed. Fluids; come back if fever or breathlessness.",
        ages=ADULT,
    ),
    Complaint(
        "L30.9",
        "Rash on the hands",
        "Itchy rash on both hands since a new soap.",
        "Dry, cracked skin on the backs of the hands, not infected.",
        "Hydrocortisone cream for a week, gloves for dishes, the old soap.",
        (Dosage("Hydrocortisone 1% cream", "Twice a day for 7 days"),),
        dose_count=1,
        ages=ADULT,
    ),
    Complaint(
        "H66.90",
        "Ear infection",
        "Pulls at the right ear, woke up crying. Temperature of 101.5.",
        "Right eardrum red and bulging, left clear.",
        "Antibiotic, acetaminophen for pain; recheck if not better in two days.",
        (AMOXICILLIN, AZITHROMYCIN),
        FOR_CHILDREN,
        21,
        ages=CHILD,
    ),
    Complaint(
        "R50.9",
        "Fever",
        "Temperature up to 102 since last night, plays in between. Drinks, wet diapers or urine as always.",
        "Alert, skin warm, no rash, ears and throat clear.",
        "Fluids, acetaminophen by weight; call at once if listless or after three days.",
        ages=CHILD,
        is_problem=False,
    ),
    Complaint(
        "B08.4",
        "Hand, foot and mouth disease",
        "Spots on hands and feet, sores in the mouth, eats little. Same at daycare.",
        "Small blisters on palms and soles, ulcers of the palate.",
        "Cold drinks, acetaminophen; back to daycare without fever.",
        ages=(1, 10),
    ),
    Complaint(
        "H10.9",
        "Pink eye",
        "Left eye red and glued in the morning.",
        "Conjunctiva red, clear discharge, sees well.",
        "Warm compresses, wash hands; gone within a week.",
        ages=CHILD,
    ),
)
CHILD_CHECKUP = Complaint(
    "Z00.129",
    "Well child visit",
    "Eats, sleeps and grows well by the parents' report. No worries today. Development as expected for the age.",
    "Alert, heart and lungs normal, abdomen soft, hips and spine straight, growth along the curve.",
    "Growth chart shown. Vaccines of the age, car seat and screen time discussed.",
    ages=CHILD,
    is_problem=False,
)
ADULT_CHECKUP = Complaint(
    "Z00.00",
    "Annual physical",
    "No new complaints. Screening due was gone through.",
    "Well nourished, heart, lungs, abdomen and skin without findings.",
    "Screening and vaccines as due, half an hour of walking a day, next visit in a year.",
    ages=ADULT,
    is_problem=False,
)
BY_CODE = {each.code: each for each in (*COMPLAINTS, CHILD_CHECKUP, ADULT_CHECKUP)}
# What the nurse does: ICD-10-CM code, text of the note.
NURSE_VISITS = {
    "Blood pressure check": ("Z01.30", "Sat for five minutes, cuff of the right size, reading recorded."),
    "Influenza immunization": (
        "Z23",
        "No fever, no reaction to earlier doses. Given in the left arm, watched for 15 minutes.",
    ),
    "Medication review": ("Z79.899", "Bottles compared with the list, no difference."),
    "Suture removal": ("Z48.02", "Wound closed and dry, sutures removed, strips applied."),
    "Lab draw": ("Z01.89", "Drawn from the left arm, tolerated well."),
}
# Codes of conditions that are the diagnosis of such a visit in patients who have them.
FOLLOWED_BY_NURSE = {"Blood pressure check": ("I10", "I12.9")}
