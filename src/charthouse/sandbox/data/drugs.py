"""The catalogs of drugs and supplements of the synthetic practices."""

from typing import NamedTuple


class Drug(NamedTuple):
    """A drug of the catalog. ``rxnorm``: RxNorm code, only where it has been verified. ``form``: also the unit of a
    dose, unless ``unit`` names another. ``allergen``: the name of the allergy that forbids it."""

    name: str
    rxnorm: str
    product_name: str
    generic_name: str
    strength: str
    form: str = "tablet"
    route: str = "Oral"
    unit: str = ""
    allergen: str = ""


DRUGS = (
    Drug("Lisinopril 10 mg tablet", "314076", "Zestril", "lisinopril", "10 mg"),
    Drug("Lisinopril 20 mg tablet", "314077", "Zestril", "lisinopril", "20 mg"),
    Drug("Losartan 50 mg tablet", "979492", "Cozaar", "losartan", "50 mg"),
    Drug("Amlodipine 5 mg tablet", "197361", "Norvasc", "amlodipine", "5 mg"),
    Drug("Hydrochlorothiazide 25 mg tablet", "310798", "Microzide", "hydrochlorothiazide", "25 mg"),
    Drug("Chlorthalidone 25 mg tablet", "197499", "Thalitone", "chlorthalidone", "25 mg"),
    Drug("Metoprolol succinate ER 50 mg tablet", "866436", "Toprol-XL", "metoprolol succinate", "50 mg"),
    Drug("Carvedilol 12.5 mg tablet", "200032", "Coreg", "carvedilol", "12.5 mg"),
    Drug("Furosemide 40 mg tablet", "313988", "Lasix", "furosemide", "40 mg"),
    Drug("Spironolactone 25 mg tablet", "313096", "Aldactone", "spironolactone", "25 mg"),
    Drug("Warfarin 5 mg tablet", "855332", "Coumadin", "warfarin", "5 mg"),
    Drug("Aspirin 81 mg tablet", "243670", "Bayer Low Dose", "aspirin", "81 mg"),
    Drug("Clopidogrel 75 mg tablet", "309362", "Plavix", "clopidogrel", "75 mg"),
    Drug("Atorvastatin 20 mg tablet", "617310", "Lipitor", "atorvastatin", "20 mg"),
    Drug("Atorvastatin 40 mg tablet", "617311", "Lipitor", "atorvastatin", "40 mg"),
    Drug("Metformin 500 mg tablet", "861007", "Glucophage", "metformin", "500 mg"),
    Drug("Liraglutide pen", "897122", "Victoza", "liraglutide", "6 mg/mL", "pen injector", "Subcutaneous", "mg"),
    Drug("Canagliflozin 100 mg tablet", "1373463", "Invokana", "canagliflozin", "100 mg"),
    Drug("Levothyroxine 75 mcg tablet", "966222", "Synthroid", "levothyroxine", "75 mcg"),
    Drug("Alendronate 10 mg tablet", "904419", "Fosamax", "alendronate", "10 mg"),
    Drug("Allopurinol 100 mg tablet", "197319", "Zyloprim", "allopurinol", "100 mg"),
    Drug("Colchicine 0.6 mg tablet", "197541", "Colcrys", "colchicine", "0.6 mg"),
    Drug("Albuterol inhaler", "2123111", "Ventolin HFA", "albuterol", "90 mcg", "inhaler", "Inhaled", "puffs"),
    Drug(
        *("Fluticasone inhaler 110 mcg", "896001", "Flovent HFA", "fluticasone", "110 mcg", "inhaler"),
        *("Inhaled", "puffs"),
    ),
    Drug(
        *("Fluticasone and salmeterol inhaler", "896209", "Advair Diskus", "fluticasone, salmeterol"),
        *("250/50 mcg", "inhaler", "Inhaled", "inhalation"),
    ),
    Drug("Cetirizine 10 mg tablet", "1014678", "Zyrtec", "cetirizine", "10 mg"),
    Drug("Loratadine 10 mg tablet", "311372", "Claritin", "loratadine", "10 mg"),
    Drug("Sertraline 50 mg tablet", "312941", "Zoloft", "sertraline", "50 mg"),
    Drug("Fluoxetine 20 mg capsule", "310385", "Prozac", "fluoxetine", "20 mg", "capsule"),
    Drug("Duloxetine 20 mg capsule", "596926", "Cymbalta", "duloxetine", "20 mg", "capsule"),
    Drug("Pregabalin 100 mg capsule", "483438", "Lyrica", "pregabalin", "100 mg", "capsule"),
    Drug("Propranolol 40 mg tablet", "856519", "Inderal", "propranolol", "40 mg"),
    Drug("Omeprazole 20 mg capsule", "198051", "Prilosec", "omeprazole", "20 mg", "capsule"),
    Drug("Ferrous sulfate 325 mg tablet", "310325", "Feosol", "ferrous sulfate", "325 mg"),
    Drug("Acetaminophen 500 mg tablet", "198440", "Tylenol", "acetaminophen", "500 mg"),
    Drug("Naproxen 500 mg tablet", "198014", "Naprosyn", "naproxen", "500 mg"),
    Drug("Doxazosin 2 mg tablet", "197626", "Cardura", "doxazosin", "2 mg"),
    Drug("Hydrocortisone 1% cream", "106258", "Cortizone", "hydrocortisone", "1%", "cream", "Topical", "thin layer"),
    Drug("Prenatal vitamin tablet", "", "Prenatal", "prenatal vitamins", "28 mg iron"),
    Drug("Vitamin D3 1,000 IU tablet", "", "Vitamin D3", "cholecalciferol", "1,000 IU"),
    Drug("Polyethylene glycol powder", "", "MiraLAX", "polyethylene glycol", "17 g", "powder", "Oral", "capful"),
    Drug("Melatonin 3 mg tablet", "", "Melatonin", "melatonin", "3 mg"),
    Drug("Artificial tears", "", "Refresh", "carboxymethylcellulose", "0.5%", "drops", "Ophthalmic", "drop"),
    Drug("Calcium carbonate 600 mg tablet", "", "Caltrate", "calcium carbonate", "600 mg"),
    Drug(
        *("Amoxicillin 500 mg tablet", "308192", "Amoxil", "amoxicillin", "500 mg"),
        allergen="Penicillin G",
    ),
    Drug(
        *("Amoxicillin 400 mg/5 mL suspension", "", "Amoxil", "amoxicillin", "400 mg/5 mL", "suspension"),
        unit="mL",
        allergen="Penicillin G",
    ),
    Drug(
        *("Azithromycin 200 mg/5 mL suspension", "", "Zithromax", "azithromycin", "200 mg/5 mL", "suspension"),
        unit="mL",
    ),
    Drug("Azithromycin 250 mg tablet", "308460", "Zithromax", "azithromycin", "250 mg"),
    Drug("Cephalexin 500 mg tablet", "197454", "Keflex", "cephalexin", "500 mg", allergen="Penicillin G"),
    Drug("Nitrofurantoin 100 mg capsule", "1648755", "Macrobid", "nitrofurantoin", "100 mg", "capsule"),
    Drug("Prednisone 20 mg tablet", "312615", "Deltasone", "prednisone", "20 mg"),
    Drug("Ibuprofen 200 mg tablet", "310965", "Advil", "ibuprofen", "200 mg"),
)  # fmt: skip
DRUGS_BY_NAME = {drug.name: drug for drug in DRUGS}
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
