"""The catalogs of drugs and supplements of the synthetic practices."""

from charthouse.sandbox.data.conditions import CHRONIC_CONDITIONS

# Name, brand, generic name, strength, form, route.
DRUGS = (
    ("Lisinopril 10 mg tablet", "Zestril", "lisinopril", "10 mg", "tablet", "Oral"),
    ("Metformin 500 mg tablet", "Glucophage", "metformin", "500 mg", "tablet", "Oral"),
    ("Atorvastatin 20 mg tablet", "Lipitor", "atorvastatin", "20 mg", "tablet", "Oral"),
    ("Albuterol inhaler", "Ventolin HFA", "albuterol", "90 mcg", "inhaler", "Inhaled"),
    ("Sertraline 50 mg tablet", "Zoloft", "sertraline", "50 mg", "tablet", "Oral"),
    ("Omeprazole 20 mg capsule", "Prilosec", "omeprazole", "20 mg", "capsule", "Oral"),
    ("Amoxicillin 500 mg capsule", "Amoxil", "amoxicillin", "500 mg", "capsule", "Oral"),
    ("Ibuprofen 600 mg tablet", "Motrin", "ibuprofen", "600 mg", "tablet", "Oral"),
)
# RxNorm codes of the drugs that are prescribed, by name.
RXNORM = {
    condition.dosage.drug: condition.dosage.rxnorm for condition in CHRONIC_CONDITIONS if condition.dosage
}
# Name, nicknames, kind, vendor's code, dose, frequency.
SUPPLEMENTS = (
    ("Vitamin D3 1,000 IU softgel", "D3, cholecalciferol", "Vitamins", "VD1000", "1 softgel", "Once a day"),
    ("Vitamin B12 1,000 mcg tablet", "B12, cobalamin", "Vitamins", "VB1000", "1 tablet", "Once a day"),
    ("Magnesium glycinate 400 mg", "Mag", "Minerals", "MG400", "2 capsules", "At bedtime"),
    ("Iron bisglycinate 25 mg", "Iron", "Minerals", "FE25", "1 capsule", "Every other day"),
    ("Fish oil 1,200 mg softgel", "Omega-3", "Fatty acids", "FO1200", "2 softgels", "Twice a day with meals"),
    ("Psyllium husk powder", "Fiber", "Fiber", "PSY500", "1 teaspoon", "Once a day with water"),
    ("Probiotic, ten strains", "Flora", "Probiotics", "PRO10", "1 capsule", "Once a day"),
)
INACTIVE_SUPPLEMENT = ("Ephedra 25 mg tablet", "Ma huang", "Herbs", "EPH25")
