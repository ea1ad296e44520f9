"""Invented people and companies of the demo, in many languages and scripts."""

# language: (first names, last names); each first goes with each last
PEOPLE: dict[str, tuple[list[str], list[str]]] = {
    "en": (
        ["Olivia", "Liam", "Mary-Jane", "D'Arcy", "Noah", "Grace"],
        ["O'Connor", "Smith", "St. John", "Walker", "Van Der Berg", "Jones"],
    ),
    "de": (
        ["Jürgen", "Käthe", "Björn", "Sören", "Heike", "Anneliese"],
        ["Müller", "Weiß", "Großmann", "von der Heide", "Schröder", "Özdemir"],
    ),
    "fr": (
        ["François", "Zoé", "Gaëlle", "Jérôme", "Anaïs", "Benoît"],
        ["Lefèvre", "D'Amboise", "Gonçalves", "Château", "L'Hôpital", "Noël"],
    ),
    "es": (
        ["José", "María José", "Íñigo", "Begoña", "Raúl", "Ximena"],
        ["García Márquez", "Núñez", "Peña", "Ibáñez", "de la Cruz", "Muñoz"],
    ),
    "pl": (
        ["Łukasz", "Małgorzata", "Zdzisław", "Żaneta", "Bożena", "Świętosława"],
        ["Wójcik", "Łączyński", "Dąbrowska", "Źródło", "Kościuszko", "Nowak"],
    ),
    "el": (
        ["Ελένη", "Γιώργος", "Αλέξανδρος", "Σοφία", "Δημήτρης", "Ωραιοζήλη"],
        ["Παπαδοπούλου", "Καραγιάννης", "Οικονόμου", "Θεοδωράκης", "Σεφέρης", "Βλάχος"],
    ),
    "ru": (
        ["Анна", "Сергей", "Ольга", "Дмитрий", "Юлия", "Фёдор"],
        ["Иванова", "Кузнецов", "Щербакова", "Соловьёв", "Чайковский", "Ёлкина"],
    ),
    "ar": (
        ["محمد", "فاطمة", "عبد الله", "نور", "ياسمين", "خالد"],
        ["الأحمد", "بن علي", "المصري", "حدّاد", "القاسمي", "منصور"],
    ),
    "he": (["נועה", "יוסף", "תמר", "אבי"], ["כהן", "לוי", "בן־דוד", "מזרחי"]),
    "zh": (["伟", "芳", "秀英", "小龙", "子涵", "雨桐"], ["王", "李", "欧阳", "陈", "司马", "赵"]),
    "ja": (
        ["さくら", "健太", "陽菜", "翔", "美咲", "大輔"],
        ["佐藤", "鈴木", "髙橋", "渡邉", "小鳥遊", "田中"],
    ),
    "ko": (["지훈", "서연", "민준", "하은"], ["김", "이", "박", "남궁"]),
    "hi": (["आरव", "अनन्या", "प्रिया", "विवान"], ["शर्मा", "वर्मा", "चतुर्वेदी", "सिंह"]),
    "th": (["สมชาย", "มาลี", "ณัฐพล", "พิมพ์ชนก"], ["ศรีสุข", "จันทร์โอชา", "วงศ์สวัสดิ์", "ทองดี"]),
    "vi": (["Nguyệt", "Đức", "Hương", "Tuấn"], ["Nguyễn", "Trần", "Phạm", "Đặng"]),
    "tr": (["İbrahim", "Işıl", "Çağla", "Gökhan"], ["Yılmaz", "Şahin", "Öztürk", "Ağaoğlu"]),
    "emoji": (["Sunny ☀️", "Zoë 👩‍💻"], ["Rocket 🚀", "Tab\tbed", '"Quote" O\'Brien', "Back\\slash"]),
}

# name, domain of its website ("" for none), country
COMPANIES: list[tuple[str, str, str]] = [
    ("Northwind Traders", "northwind.example", "United States"),
    ("Müller & Söhne GmbH", "mueller-soehne.example", "Germany"),
    ("Société Générale d'Électricité", "sge.example", "France"),
    ("Χαλυβουργία Αιγαίου ΑΕ", "aegean-steel.example", "Greece"),
    ("ООО «Ромашка»", "romashka.example", "Kazakhstan"),
    ("شركة النخيل للتجارة", "nakheel-trading.example", "United Arab Emirates"),
    ("北京长城软件有限公司", "greatwall-soft.example", "China"),
    ("株式会社さくら商事", "sakura-shoji.example", "Japan"),
    ("한강전자 주식회사", "hangang.example", "South Korea"),
    ("कमल टेक्सटाइल्स", "kamal-textiles.example", "India"),
    ("חברת הגליל בע״מ", "galil.example", "Israel"),
    ("Żubr Sp. z o.o.", "zubr.example", "Poland"),
    ("Oy Järvi Ab", "jarvi.example", "Finland"),
    ("Café Olé, S.A. de C.V.", "cafe-ole.example", "Mexico"),
    ('The "Quoted" Company, Inc.', "quoted.example", "United States"),
    ("Smith, Jones; & <Partners>", "smith-jones.example", "United Kingdom"),
    ("Rocket 🚀 Labs", "rocket-labs.example", "New Zealand"),
    ("Türk İnşaat A.Ş.", "turk-insaat.example", "Türkiye"),
    ("Công ty Sen Vàng", "senvang.example", "Vietnam"),
    ("บริษัท ช้างเผือก จำกัด", "changphueak.example", "Thailand"),
    ("Fjord Energi AS", "fjord-energi.example", "Norway"),
    ("Lumière Studios", "lumiere.example", "France"),
    ("Contoso Pharmaceuticals", "contoso-pharma.example", "United States"),
    ("Blue Yonder Airlines", "blueyonder.example", "Canada"),
    ("Tailspin Toys", "tailspin.example", "United States"),
    ("Wide World Importers", "wideworld.example", "Netherlands"),
    ("Alpine Ski House", "alpineski.example", "Switzerland"),
    ("Fabrikam Robotics", "fabrikam.example", "Germany"),
    ("Proseware", "proseware.example", "Ireland"),
    ("Litware & Daughters", "litware.example", "United Kingdom"),
    ("Adventure Works Cycles", "adventureworks.example", "Australia"),
    ("Sky Åkeri AB", "skyakeri.example", "Sweden"),
    ("Mercearia São João Lda", "saojoao.example", "Portugal"),
    ("No Website Holding", "", "Belgium"),
    # the same domain twice, and the same name but for case and form
    ("Northwind Europe", "northwind.example", "Netherlands"),
    ("Fabrikam Service", "fabrikam.example", "Austria"),
    ("NORTHWIND TRADERS INC.", "northwind-inc.example", "United States"),
    ("mueller & soehne", "", "Germany"),
]

FREE_MAIL = ["gmail.com", "outlook.com", "yahoo.com", "web.de", "qq.com", "mail.ru"]
TITLES = ["CEO", "Head of Sales", "Einkauf", "Directrice générale", "課長", "مدير المبيعات", "CTO", "Buyer"]
LONG_LINES = [
    'She said "call me back", then hung up.',
    "Zeile mit Umlauten: äöüß, und ein Komma, ja.",
    "سطر من اليمين إلى اليسار مع رقم 42.",
    "第二行,包含逗号和“引号”。",
    "Emoji family 👨‍👩‍👧‍👦 and a tab\there.",
]
