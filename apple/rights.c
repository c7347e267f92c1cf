/* SPDX-License-Identifier: Apache-2.0 */
/* What a person grants by the enrolment profile and what never, and how it is installed: the texts of the page. Rules A25, A131. */
#include <string.h>

#include "apple/service.h"

/* One line for each right of BSG_RIGHTS_PRIVATE; for BSG_RIGHTS_SUPERVISED those of SUPERVISED too. */
#define ASKED_KK \
	"Орнатылған профильдерді көру", \
	"Өз профильдерімізді орнату және жою: олар камераны және экранды суретке түсіруді ереже талап еткенде ғана, шектеулі уақытқа ажыратады", \
	"Модельді, жүйе нұсқасын, телефонның атауын және сериялық нөмірін сұрау", \
	"Қандай шектеулер қолданыста екенін сұрау", \
	"Қауіпсіздік күйін сұрау: құпиякод қойылған ба"
#define ASKED_RU \
	"Видеть установленные профили", \
	"Устанавливать и удалять наши профили: они отключают камеру и снимки экрана, только пока этого требуют правила, и всегда на ограниченное время", \
	"Спрашивать модель, версию системы, имя телефона и серийный номер", \
	"Спрашивать, какие ограничения действуют", \
	"Спрашивать состояние защиты: установлен ли код-пароль"
#define ASKED_EN \
	"See which profiles are installed", \
	"Install and remove our own profiles: they switch off the camera and screenshots only while the rules say so, and always for a limited time", \
	"Ask for the model, the system version, the phone's name and its serial number", \
	"Ask which restrictions are in force", \
	"Ask for the state of security: whether a passcode is set"

#define SUPERVISED_KK \
	"Желі мәліметтерін сұрау құқығы; телефон нөмірін және IMEI-ді бұл сервер сұрамайды", \
	"Модем режимін және Bluetooth-ты ажырату; мұндай профильдер Wi-Fi, NFC, USB және аталған қолданбаларды да шектей алады"
#define SUPERVISED_RU \
	"Право спрашивать сведения о сети; номер телефона и IMEI этот сервер не спрашивает", \
	"Отключать режим модема и Bluetooth; профили могут ограничивать также Wi-Fi, NFC, USB и названные приложения"
#define SUPERVISED_EN \
	"The right to ask for network information; this server asks for neither phone number nor IMEI", \
	"Switch off the hotspot and Bluetooth; profiles may also restrict Wi-Fi, NFC, USB and named apps"

static const char *const asked[2][BSG_HTTP_N_LANGS][8] = {
	{{ASKED_KK, NULL}, {ASKED_RU, NULL}, {ASKED_EN, NULL}},
	{{ASKED_KK, SUPERVISED_KK, NULL}, {ASKED_RU, SUPERVISED_RU, NULL}, {ASKED_EN, SUPERVISED_EN, NULL}},
};

static const char *const not_asked_of_anyone[BSG_HTTP_N_LANGS][12] = {
	{"Телефондағы деректерді өшіру", "Телефонды құлыптау, құпиякодты өзгерту немесе алып тастау", "Телефонның қайда екенін білу",
	 "Хабарларды оқу", "Қоңырауларды және олардың тізімін көру", "Контактілер мен күнтізбені көру", "Суреттер мен файлдарды көру",
	 "Қолданбалар тізімін көру, қолданбаларды орнату немесе жою", "Пошта, құпиясөздер және браузер тарихын көру",
	 "Қоңырауларды, SMS-ті немесе жедел қызметтерге қоңырауларды шектеу", NULL},
	{"Стирать данные телефона", "Блокировать телефон, менять или снимать код-пароль", "Узнавать, где находится телефон",
	 "Читать сообщения", "Видеть звонки и их список", "Видеть контакты и календарь", "Видеть фотографии и файлы",
	 "Видеть список приложений, устанавливать или удалять приложения", "Видеть почту, пароли и историю браузера",
	 "Ограничивать звонки, SMS или экстренные вызовы", NULL},
	{"Erase the phone", "Lock the phone, change or clear its passcode", "Find out where the phone is",
	 "Read messages", "See calls or the call log", "See contacts or the calendar", "See photos or files",
	 "See the list of apps, install or remove apps", "See mail, passwords or the browser's history",
	 "Restrict calls, SMS or emergency calls", NULL},
};

static const char *const how[BSG_HTTP_N_LANGS][8] = {
	{"Бұл бетті iPhone-да Safari арқылы ашыңыз (мессенджердің ішінде емес).",
	 "Төмендегі түймені басып, профильді жүктеуге рұқсат беріңіз.",
	 "«Баптаулар» қолданбасын ашыңыз: жоғарыда «Профиль жүктелді» деген жол тұрады. Ол жоқ болса: «Жалпы» → «VPN және құрылғыны басқару».",
	 "«Орнату» түймесін басып, құпиякодты енгізіңіз; сұралған құқықтарды осы беттегімен салыстырыңыз.",
	 "Қайтадан «Орнату», содан кейін «Сену» түймесін басыңыз. Болды.", NULL},
	{"Откройте эту страницу на iPhone в Safari (не внутри мессенджера).",
	 "Нажмите кнопку ниже и разрешите загрузить профиль.",
	 "Откройте «Настройки»: вверху есть строка «Профиль загружен». Если её нет: «Основные» → «VPN и управление устройством».",
	 "Нажмите «Установить» и введите код-пароль; сравните запрошенные права с этой страницей.",
	 "Ещё раз нажмите «Установить», затем «Доверять». Готово.", NULL},
	{"Open this page on the iPhone in Safari (not inside a messenger).",
	 "Tap the button below and allow the profile to be downloaded.",
	 "Open Settings: near the top it says \"Profile Downloaded\". If not: General → VPN & Device Management.",
	 "Tap Install and enter the passcode; compare the rights that are asked for with this page.",
	 "Tap Install again, then Trust. That is all.", NULL},
};

const char *const *bsg_apple_rights(const struct bsg_platform *p, const char *kind, enum bsg_http_lang lang, bool not_asked)
{
	(void)p;
	return not_asked ? not_asked_of_anyone[lang] : asked[strcmp(kind, "ios-supervised") == 0][lang];
}

const char *const *bsg_apple_steps(const struct bsg_platform *p, const char *kind, enum bsg_http_lang lang)
{
	(void)p;
	(void)kind;
	return how[lang];
}
