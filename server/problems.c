/* SPDX-License-Identifier: Apache-2.0 */
/* Titles of the problems that the server itself names; http/ has those of its own layer. kk, ru, en. */
#include "server/routes.h"

const struct bsg_http_problem_text bsg_problem_texts[] = {
	{"no-token", {"Токен керек", "Нужен токен", "A token is needed"}},
	{"token", {"Токен жарамсыз", "Токен не действует", "The token does not hold"}},
	{"role", {"Рөліңіз бұған рұқсат бермейді", "Ваша роль этого не позволяет", "Your role does not allow this"}},
	{"unit-scope", {"Бұл сіздің бөлімшеңізден тыс", "Это за пределами вашего подразделения", "This is outside your unit"}},
	{"form", {"Форма ескірген", "Форма устарела", "The form is out of date"}},
	{"unsupported-type", {"Мазмұн түрі қабылданбайды", "Такой тип содержимого не принимается", "This content type is not taken"}},
	{"no-person", {"Мұндай адам жоқ", "Такого человека нет", "There is no such person"}},
	{"no-device", {"Мұндай құрылғы жоқ", "Такого устройства нет", "There is no such device"}},
	{"not-active", {"Құрылғы жүйеден шығарылған", "Устройство исключено из системы", "The device was removed from the system"}},
	{"no-policy", {"Мұндай саясат жоқ", "Такой политики нет", "There is no such policy"}},
	{"no-exemption", {"Мұндай босату жоқ", "Такого освобождения нет", "There is no such exemption"}},
	{"no-gate", {"Мұндай өткел жоқ", "Такой проходной нет", "There is no such gate"}},
	{"no-such-crosser", {"Бейдж белгісіз", "Бейдж неизвестен", "The badge is not known"}},
	{"from-the-future", {"Өту уақыты болашақта", "Время прохода в будущем", "The crossing is in the future"}},
	{"policy-invalid", {"Саясатта қателер бар", "В политике есть ошибки", "The policy has mistakes"}},
	{"policy-too-large", {"Сұралған нәрсе тым үлкен", "Запрошенное слишком велико", "What is asked for is too large"}},
	{"policy-conflict", {"Басқа саясат күшіне енді; ештеңе өзгертілмеді", "Вступила в силу другая политика; ничего не изменено",
			     "Another policy came into force; nothing was changed"}},
	{"not-waiting", {"Бекітуді күтіп тұрған жоқ", "Не ждёт утверждения", "It does not wait for an approval"}},
	{"already-approved", {"Сіз оны бекіткенсіз", "Вы это уже утвердили", "You have approved it already"}},
	{"second-approval", {"Екінші адамның бекітуі керек", "Нужно утверждение второго человека", "A second person must approve"}},
	{"too-many-exemptions", {"Босатулар тым көп", "Слишком много освобождений", "There are too many exemptions"}},
	{"invitation", {"Шақыру жарамсыз", "Приглашение не действует", "The invitation does not hold"}},
	{"not-set-up", {"Сервер бұған әлі бапталмаған", "Сервер для этого ещё не настроен", "The server is not set up for this yet"}},
	{"request", {"Сертификат сұрауы қабылданбады", "Запрос сертификата не принят", "The certificate request is refused"}},
	{"not-ready", {"Сервер дайын емес", "Сервер не готов", "The server is not ready"}},
};
const size_t bsg_n_problem_texts = sizeof(bsg_problem_texts) / sizeof(bsg_problem_texts[0]);
