# SPDX-License-Identifier: Apache-2.0
"""The owner's page /me, as a browser without JavaScript sees it: rules V90 to V99."""
import hashlib
import json
import os
import re
import sqlite3
import time
import urllib.parse

import apple_phone
import apple_world
import harness
from harness import claim, note
import owner
from owner import Page, obey
import plane

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
POLICY = plane.POLICY.replace("rules:", """  - id: lab
    name: {kk: Зертхана, ru: Лаборатория, en: Laboratory}
    gates: [{id: door}]
    enter_by: [gate, self]
rules:""").replace("where: [house]", "where: [house, lab]")
server = None


def world():
    """One server for all claims; each has people of its own."""
    global server
    if server is None:
        server = harness.Server("apple_topic = %s\n" % apple_phone.TOPIC).start()
        plane.apply_policy(server, POLICY)
    return server


class Browser(owner.Browser):
    def __init__(self):
        super().__init__(server)


here = []


def person(name, badge, lang="en", full=None):
    """A new person; one approval is for ten people at most (V31), so the first ones leave."""
    here.append(name)
    if len(here) > 9:
        plane.must(plane.call(world(), "POST", "/api/v1/people/%s/leave" % here.pop(0), {}))
    plane.must(plane.call(world(), "POST", "/api/v1/people", {"id": name, "name": full or name.title(), "unit": "ministry", "badge": badge, "lang": lang}))


def code_of(name):
    return server.cli("person", "code", name)


def logged_in(name, badge):
    browser = Browser()
    answer = browser.log_in(badge, code_of(name)["code"])
    assert (answer.status, answer.headers["Location"]) == (303, "/me?lang=en"), answer.body
    return browser


def audit(subject):
    """(who, action) of all entries about somebody or something."""
    entries, cursor = [], ""
    while True:
        answer = plane.must(plane.call(server, "GET", "/api/v1/audit?limit=1000" + cursor))
        entries += [(e["who"], e["action"]) for e in answer["items"] if e["subject"] == subject]
        if not answer["next"]:
            return entries
        cursor = "&cursor=" + answer["next"]


def not_back(phone):
    return plane.must(plane.call(server, "GET", "/api/v1/devices/" + phone.id))["not_back"]


def is_in(phone):
    return phone.id in [p["device"] for p in plane.must(plane.call(server, "GET", "/api/v1/presence"))["items"]]


def refused(answer):
    """The text of a log-in that failed."""
    page = Page(answer.body.decode())
    assert answer.status == 403 and answer.headers["Set-Cookie"] is None, (answer.status, answer.headers)
    return page.text


@claim
def a_code_of_the_helpdesk_logs_in_once_and_says_so_in_the_audit():
    person("a1", "A-1")
    given = code_of("a1")
    assert re.fullmatch("[%s]{4}-[%s]{4}" % (ALPHABET, ALPHABET), given["code"]), given
    browser = Browser()
    # As people type it: small letters, blanks, no dash.
    answer = browser.log_in("A-1", " " + given["code"].lower().replace("-", " "))
    assert answer.status == 303, answer.body
    assert "A1" in browser.page().text
    again = Browser()
    text = refused(again.log_in("A-1", given["code"]))
    assert again.call("GET", "/me").status == 200 and "A1" not in again.page().text
    assert text == refused(again.log_in("A-1", "AAAA-AAAA")) == refused(again.log_in("nobody", given["code"])), "one text for all"
    assert audit("a1")[-2:] == [("socket", "person-code"), ("person:a1", "login")], audit("a1")


@claim
def a_link_shows_a_button_first_so_that_previews_do_not_use_it_up():
    person("a2", "A-2")
    path = urllib.parse.urlsplit(code_of("a2")["url"]).path
    browser = Browser()
    for _ in range(3):
        page = browser.page(path + "?lang=en")
        assert plane.people(server, "HEAD", path).status == 200
    shown = browser.press(page, "/me/login")
    assert "A2" in shown.text
    assert "not taken" in refused(Browser().post("/me/login?lang=en", page.form("/me/login")["fields"]))
    # What looks like a link but is none gets the same page: there is nothing to find out.
    assert Browser().page("/me/link/" + "x" * 43).form("/me/login")["fields"] == {"link": "x" * 43}


@claim
def secrets_lie_in_the_database_as_hashes_only():
    person("a3", "A-3")
    given = code_of("a3")
    browser = logged_in("a3", "A-3")
    given = code_of("a3")
    with sqlite3.connect("file:%s/bosaga.db?mode=ro" % server.state, uri=True) as db:
        code, link = db.execute("SELECT code, link FROM owner_code WHERE person = 'a3'").fetchone()
        session = db.execute("SELECT token FROM owner_session WHERE person = 'a3'").fetchone()[0]
    assert code == hashlib.sha256(given["code"].replace("-", "").encode()).digest()
    assert link == hashlib.sha256(given["url"].rsplit("/", 1)[1].encode()).digest()
    assert session == hashlib.sha256(browser.cookie.encode()).digest()
    with open(server.log, encoding="utf-8") as stream:
        log = stream.read()
    for secret in (given["code"], given["url"].rsplit("/", 1)[1], browser.cookie):
        assert secret not in log


@claim
def five_wrong_codes_close_the_badge_for_a_while_also_over_a_restart():
    person("a4", "A-4")
    person("a5", "A-5")
    given, other = code_of("a4"), code_of("a5")
    for _ in range(5):
        refused(Browser().log_in("A-4", "AAAA-AAAA"))
    text = refused(Browser().log_in("A-4", given["code"]))
    assert "tried too often" in text, text
    server.stop()
    server.start()
    refused(Browser().log_in("A-4", given["code"]))
    assert Browser().log_in("A-5", other["code"]).status == 303, "another badge is not closed"
    fresh = code_of("a4")
    assert Browser().log_in("A-4", fresh["code"]).status == 303


@claim
def the_cookie_is_for_this_host_over_tls_alone_and_no_script_or_other_site_gets_it():
    person("b1", "B-1")
    browser = logged_in("b1", "B-1")
    name, *attributes = [a.strip() for a in browser.set_cookie.split(";")]
    assert name.startswith("__Host-bosaga=") and len(browser.cookie) == 43, name
    assert set(attributes) == {"Path=/", "Max-Age=2592000", "Secure", "HttpOnly", "SameSite=Strict"}, attributes
    answer = browser.call("GET", "/me")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"] and answer.headers["Cache-Control"] == "no-store"
    assert browser.cookie.encode() not in answer.body
    page = Page(answer.body.decode())
    assert not [t for t in page.tags if t[0] in ("script", "iframe", "img")], page.tags
    assert all(not name.startswith("on") for _, attrs in page.tags for name in attrs)


@claim
def a_form_without_the_sessions_token_does_nothing():
    person("b2", "B-2")
    person("b3", "B-3")
    phone = plane.add_phone(server, "b2")
    plane.must(plane.cross(server, "in", badge="B-2"))
    browser, thief = logged_in("b2", "B-2"), logged_in("b3", "B-3")
    page = browser.page()
    fields = page.form("/me/left")["fields"]
    for wrong in (dict(fields, form=""), dict(fields, form="0" * 64), dict(fields, form=thief.page().form("/me/logout")["fields"]["form"]),
                  {k: v for k, v in fields.items() if k != "form"}):
        for action in ("/me/left", "/me/stuck", "/me/arrive", "/me/logout"):
            answer = browser.post(action, wrong)
            assert (answer.status, answer.problem()) == (403, "form"), (action, answer.status, answer.body)
    answer = browser.call("POST", "/me/left", json.dumps(fields), {"Content-Type": "application/json"})
    assert (answer.status, answer.problem()) == (403, "form"), answer.body
    assert is_in(phone)
    # Nor may another site log somebody in: the code stays good.
    code = code_of("b2")["code"]
    refused(Browser().post("/me/login?lang=en", {"badge": "B-2", "code": code}, Sec_Fetch_Site="cross-site"))
    assert Browser().post("/me/login", {"badge": "B-2", "code": code}, Sec_Fetch_Site="same-origin").status == 303


@claim
def without_a_session_there_is_the_log_in_page_and_nothing_else():
    world()
    for cookie in (None, "x", "x" * 43):
        browser = Browser()
        browser.cookie = cookie
        assert set(browser.page().form("/me/login")["fields"]) == {"badge", "code"}
        for action in ("/me/left", "/me/stuck", "/me/arrive", "/me/logout"):
            answer = browser.post(action, {"form": "x"})
            assert answer.status == 403 and Page(answer.body.decode()).form("/me/login"), answer.body


@claim
def logging_out_ends_the_session_on_the_server_and_takes_the_cookie_away():
    person("b4", "B-4")
    browser = logged_in("b4", "B-4")
    token = browser.cookie
    page = browser.press(browser.page(), "/me/logout")
    assert "logged out" in page.text and "Max-Age=0" in browser.set_cookie, (page.text, browser.set_cookie)
    browser.cookie = token
    assert "B4" not in browser.page().text
    assert audit("b4")[-1] == ("person:b4", "logout")


@claim
def who_has_left_has_no_session_and_no_code_any_more():
    person("b5", "B-5")
    browser = logged_in("b5", "B-5")
    path = urllib.parse.urlsplit(code_of("b5")["url"]).path
    plane.must(plane.call(server, "POST", "/api/v1/people/b5/leave", {}))
    assert browser.page().form("/me/login")
    refused(Browser().post("/me/login", {"link": path.rsplit("/", 1)[1]}))
    answer = plane.call(server, "POST", "/api/v1/people/b5/code", {})
    assert answer.status == 404, answer.body


@claim
def the_page_says_everything_in_three_languages_and_escapes_names():
    person("c1", "C-1", "kk", "<script>alert(1)</script>\"'&")
    plane.add_phone(server, "c1")
    plane.must(plane.cross(server, "in", badge="C-1"))
    browser = logged_in("c1", "C-1")
    words = {"kk": ("Менің телефоным", "Камера", "Қорғау", "Үй", "Мен кеттім", "Камерам қайтпады", "жедел"),
             "ru": ("Мой телефон", "Камера", "Защита", "Дом", "Я вышел", "Камера не вернулась", "экстренные"),
             "en": ("My phone", "Camera", "To protect", "House", "I left", "My camera is not back", "emergency")}
    for lang, expected in words.items():
        page = browser.page("/me?lang=" + lang)
        assert page.lang == lang
        for word in expected:
            assert word in page.text, (lang, word, page.text)
        assert "<script>alert(1)</script>\"'&" in page.text and "script" not in [t[0] for t in page.tags]
        assert all("lang=" + lang in f["action"] for f in page.forms)
    assert browser.page().lang == "kk", "without asking: the owner's own language"
    login = {"kk": "Кіру", "ru": "Войти", "en": "Log in"}
    for lang, word in login.items():
        assert word in Browser().page("/me?lang=" + lang).text
    assert browser.page("/me?said=%3Cscript%3E").lang == "kk"


@claim
def who_has_no_phone_is_told_so():
    person("c2", "C-2")
    page = logged_in("c2", "C-2").page()
    assert "no registered phone" in page.text and not [f for f in page.forms if f["action"].startswith("/me/left")]


@claim
def a_phone_is_shown_however_many_there_were_before_it():
    person("c3", "C-3")
    phone = plane.add_phone(server, "c3")
    browser = logged_in("c3", "C-3")
    server.stop()
    with sqlite3.connect("%s/bosaga.db" % server.state) as db:
        row = dict(zip([c[1] for c in db.execute("PRAGMA table_info(device)")], db.execute("SELECT * FROM device WHERE id = ?", (phone.id,)).fetchone()))
        for i in range(100):
            old = dict(row, id="%032x" % i, state=0, carried=0)
            db.execute("INSERT INTO device (%s) VALUES (%s)" % (", ".join(old), ", ".join("?" * len(old))), list(old.values()))
    server.start()
    assert phone.id in json.dumps(browser.page().forms), "those that were revoked hide none"


@claim
def i_left_ends_presence_is_written_down_and_the_phone_is_lifted():
    person("d1", "D-1")
    phone = plane.add_phone(server, "d1")
    before = plane.settled(phone)
    browser = logged_in("d1", "D-1")
    assert "Nothing is restricted now" in browser.page().text
    plane.must(plane.cross(server, "in", badge="D-1"))
    inside = plane.settled(phone)
    assert plane.serial(inside) > plane.serial(before)
    page = browser.page()
    assert "being restricted" in page.text and "being switched off" in page.text and "It ends by itself" in page.text
    page = browser.press(page, "/me/left")
    assert "Noted that you left" in page.text and "Nothing is restricted now" in page.text, page.text
    assert not [f for f in page.forms if f["action"].startswith("/me/left")]
    harness.wait_for("the phone's next orders", lambda: plane.serial(phone.orders()) > plane.serial(inside))
    shown = plane.must(plane.call(server, "GET", "/api/v1/crossings?person=d1"))["items"][0]
    assert (shown["direction"], shown["gate"], shown["by"], shown["applied"]) == ("out", "self", "self", True), shown
    assert audit(phone.id)[-1] == ("person:d1", "self-out")
    again = browser.post("/me/left", page.form("/me/stuck")["fields"])
    assert again.headers["Location"].endswith("said=not-in"), again.headers
    assert plane.must(plane.call(server, "GET", "/api/v1/audit/verify"))["ok"] is True


@claim
def a_phone_that_has_proved_it_is_shown_as_verified():
    person("d2", "D-2")
    phone = plane.add_phone(server, "d2")
    plane.must(plane.cross(server, "in", badge="D-2"))
    orders = plane.settled(phone)
    now = int(time.time())
    proof = plane.status_report(plane.serial(orders), now, {plane.CAMERA: plane.VERIFIED})
    plane.must(plane.report(phone, plane.batch(os.urandom(16), 1, proof)))
    page = logged_in("d2", "D-2").page()
    assert "off, verified" in page.text and "that is verified" in page.text, page.text


@claim
def nobody_touches_another_persons_phone():
    person("e1", "E-1")
    person("e2", "E-2")
    mine, theirs = plane.add_phone(server, "e1"), plane.add_phone(server, "e2")
    plane.must(plane.cross(server, "in", badge="E-1"))
    plane.must(plane.cross(server, "in", badge="E-2"))
    browser = logged_in("e1", "E-1")
    page = browser.page()
    assert theirs.id not in page.text + json.dumps(page.forms)
    fields = page.form("/me/left")["fields"]
    for device in (theirs.id, "0" * 32, "x", ""):
        for action in ("/me/left", "/me/stuck", "/me/arrive"):
            answer = browser.post(action, dict(fields, device=device, place="house"))
            assert (answer.status, answer.problem()) == (404, "no-device"), (device, action, answer.body)
    assert is_in(theirs)
    assert "person:e1" not in [who for who, _ in audit(theirs.id)]
    plane.must(plane.call(server, "POST", "/api/v1/devices/%s/revoke" % mine.id, {}))
    answer = browser.post("/me/stuck", fields)
    assert (answer.status, answer.problem()) == (404, "no-device"), answer.body


@claim
def my_camera_is_not_back_tells_what_to_do_and_leaves_a_note_for_the_helpdesk():
    person("f1", "F-1")
    phone = plane.add_phone(server, "f1")
    browser = logged_in("f1", "F-1")
    page = browser.press(browser.page(), "/me/stuck")
    assert "Unlock your phone" in page.text and "helpdesk" in page.text
    assert audit(phone.id)[-1] == ("person:f1", "not-back")
    assert not_back(phone) is not None and not_back(plane.add_phone(server, "f1")) is None
    free = plane.status_report(plane.serial(plane.settled(phone)), int(time.time()), {})
    plane.must(plane.report(phone, plane.batch(os.urandom(16), 1, free)))
    assert not_back(phone) is None, "it has said since that nothing on it is restricted"


@claim
def the_helpdesk_sees_it_until_the_phone_has_proved_that_it_was_lifted():
    person("f3", "F-3")
    phone = iphone("f3").begin()
    browser = logged_in("f3", "F-3")
    plane.must(plane.cross(server, "in", badge="F-3"))
    harness.wait_for("it is restricted and proved", lambda: obey(phone) and "off, verified" in browser.page().text)
    assert not_back(phone) is None
    page = browser.press(browser.page(), "/me/stuck")
    said = not_back(phone)
    assert said is not None
    browser.press(page, "/me/left")
    harness.wait_for("the lift is told", lambda: "is being lifted" in browser.page().text)
    assert not_back(phone) == said, "being told is no proof"
    assert said in server.cli_text("device", "show", phone.id)
    harness.wait_for("the lift is proved", lambda: (obey(phone), "Nothing is restricted now" in browser.page().text)[1])
    assert not_back(phone) is None


@claim
def what_was_proved_before_the_profile_was_installed_anew_proves_nothing_after_it():
    """A82: the lock's proof is not the proof that it is gone."""
    person("f4", "F-4")
    phone = iphone("f4").begin()
    browser = logged_in("f4", "F-4")
    plane.must(plane.cross(server, "in", badge="F-4"))
    harness.wait_for("it is restricted", lambda: "being switched off" in browser.page().text)
    browser.press(browser.page(), "/me/stuck")
    said = not_back(phone)
    harness.wait_for("and proved", lambda: obey(phone) and "off, verified" in browser.page().text)
    assert not_back(phone) == said
    assert phone.authenticate(OSVersion="18.0").status == 200
    shown = lambda: plane.must(plane.call(server, "GET", "/api/v1/devices/" + phone.id))
    orders = shown()["orders_serial"]
    plane.must(plane.cross(server, "out", badge="F-4"))
    harness.wait_for("its next orders", lambda: shown()["orders_serial"] > orders)
    assert phone.token_update().status == 200
    assert shown()["not_back"] == said is not None, shown()
    assert [shown()["phone"][key] for key in ("desired", "acknowledged_at", "verified", "verified_at")] == [None] * 4, shown()["phone"]


@claim
def a_phone_with_an_agent_cannot_arrive_by_the_page():
    person("f2", "F-2")
    plane.add_phone(server, "f2")
    browser = logged_in("f2", "F-2")
    page = browser.page()
    assert not [f for f in page.forms if f["action"].startswith("/me/arrive")]
    answer = browser.post("/me/arrive", dict(page.form("/me/stuck")["fields"], place="house"))
    assert answer.headers["Location"].endswith("said=not-here"), answer.headers
    assert "Nothing is restricted now" in browser.page().text


# ---- a phone without agent


def iphone(name):
    return apple_phone.Phone(server, apple_phone.invite(server, name))


@claim
def a_phone_without_agent_arrives_by_the_page_where_the_place_takes_it_and_nowhere_else():
    person("g1", "G-1")
    phone = iphone("g1").begin()
    browser = logged_in("g1", "G-1")
    page = browser.page()
    harness.wait_for("the place that takes it", lambda: [f for f in browser.page().forms if f["action"].startswith("/me/arrive")])
    page = browser.page()
    assert "iPhone14,7" in page.text or "iPhone" in page.text, page.text
    assert page.form("/me/arrive")["fields"]["place"] == "lab" and "I am arriving: Laboratory" in page.text, page.forms
    assert "Nothing is restricted now" in page.text
    for place in ("house", "nowhere", ""):
        answer = browser.post("/me/arrive", dict(page.form("/me/arrive")["fields"], place=place))
        assert answer.headers["Location"].endswith("said=not-here"), (place, answer.headers)
    assert "Nothing is restricted now" in browser.page().text and ("person:g1", "self-in") not in audit(phone.id)
    page = browser.press(page, "/me/arrive")
    assert "is being restricted: unlock it" in page.text and "being switched off" in page.text and "Laboratory" in page.text, page.text
    assert not [f for f in page.forms if f["action"].startswith("/me/arrive")], "it is there already"
    assert audit(phone.id)[-1] == ("person:g1", "self-in")
    note("the iPhone was told %s" % obey(phone))
    page = browser.page()
    assert "off, verified" in page.text and "that is verified" in page.text, page.text
    why = {row["function"]: row for row in plane.must(plane.call(server, "GET", "/api/v1/devices/%s/explain" % phone.id))}["camera"]
    assert (why["restricted"], why["place"]) == (True, "lab"), why
    page = browser.press(page, "/me/left")
    assert "Noted that you left" in page.text
    page, _ = harness.wait_for("the restriction is taken back", lambda: "is being lifted" in browser.page().text and browser.page())
    assert "It ends by itself at the latest" in page.text
    note("the iPhone was told %s" % harness.wait_for("the lift is told", lambda: obey(phone))[0])
    assert "Nothing is restricted now" in browser.page().text and not phone.blocks
    assert audit(phone.id)[-1] == ("person:g1", "self-out")


@claim
def a_phone_that_never_called_is_shown_as_not_enrolled_and_cannot_arrive():
    person("g2", "G-2")
    iphone("g2").enrol()
    page = logged_in("g2", "G-2").page()
    assert "has not called yet" in page.text and not [f for f in page.forms if f["action"].startswith("/me/arrive")], page.text


@claim
def whose_phone_said_not_now_is_asked_to_unlock_it_until_it_has_obeyed():
    person("g4", "G-4")
    phone = apple_world.Phone(server, apple_phone.invite(server, "g4")).begin()
    browser = logged_in("g4", "G-4")
    words = {"kk": "экран құлыптаулы кезде ол өзгерісті қабылдамайды", "ru": "с заблокированным экраном он не принимает изменений",
             "en": "with a locked screen it takes no change"}

    def asked():
        """The languages in which the page asks, each in its own words."""
        pages = {lang: browser.page("/me?lang=" + lang).text for lang in words}
        return [lang for lang in words if words[lang] in pages[lang]]

    phone.locked = True
    plane.must(plane.cross(server, "in", badge="G-4"))
    harness.wait_for("it is told", lambda: phone.converse() == ["InstallProfile"])
    assert asked() == ["kk", "ru", "en"], browser.page().text
    page = browser.page("/me?lang=en")
    assert "being switched off" in page.text, page.text
    phone.locked = False
    harness.wait_for("it obeys", lambda: phone.converse() == apple_world.LOCKED)
    assert asked() == [] and "off, verified" in browser.page("/me?lang=en").text, browser.page().text


@claim
def nothing_is_called_free_that_may_still_be_restricted():
    """V95: a lock that was told and never proved, then a lift that does not come to its proof."""
    person("g5", "G-5")
    phone = apple_world.Phone(server, apple_phone.invite(server, "g5")).begin()
    browser = logged_in("g5", "G-5")
    assert "Nothing is restricted now" in browser.page().text
    plane.must(plane.cross(server, "in", badge="G-5"))
    command, _ = harness.wait_for("it is told", phone.said_idle)
    assert phone.obey(command["Command"]) == ("Acknowledged", {}) and not phone.allows_camera()
    assert phone.said_idle("Acknowledged", command["CommandUUID"])["Command"]["RequestType"] == "Restrictions"

    def is_being_lifted(page):
        assert "is being lifted" in page.text and "Nothing is restricted now" not in page.text, page.text

    is_being_lifted(browser.press(browser.page(), "/me/left"))
    phone.refuses = {"RemoveProfile", "InstallProfile"}
    harness.wait_for("the lift is told", lambda: phone.converse()[-2:] == ["RemoveProfile", "InstallProfile"])
    assert not phone.allows_camera()
    is_being_lifted(browser.page())
    phone.refuses = set()
    browser.press(browser.page(), "/me/stuck")
    harness.wait_for("the lift is proved", lambda: phone.converse() == apple_world.FREED)
    assert phone.allows_camera() and "Nothing is restricted now" in browser.page().text


@claim
def a_gate_restricts_a_phone_without_agent_and_the_page_says_so():
    person("g3", "G-3")
    iphone("g3").begin()
    browser = logged_in("g3", "G-3")
    plane.must(plane.cross(server, "in", badge="G-3"))
    page, _ = harness.wait_for("the page says so", lambda: "being switched off" in browser.page().text and browser.page())
    assert "To protect" in page.text and "House" in page.text and "It ends by itself" in page.text
    page = browser.press(page, "/me/stuck")
    assert "We are checking again" in page.text


harness.main()
