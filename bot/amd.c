#include "bot/amd.h"

#include <strings.h>

#include "bot/words.h"
#include "common/attr.h"

struct phrase {
	enum amd_kind kind;
	const char *words;
};

/* The first row that is found counts: a mailbox may offer a menu, and an
 * assistant may offer a mailbox. */
static const struct phrase phrases[] = {
	{AMD_SCREENER, "state your name"},
	{AMD_SCREENER, "say your name"},
	{AMD_SCREENER, "record your name"},
	{AMD_SCREENER, "reason for your call"},
	{AMD_SCREENER, "reason for calling"},
	{AMD_SCREENER, "why you're calling"},
	{AMD_SCREENER, "why you are calling"},
	{AMD_SCREENER, "using a screening service"},
	{AMD_SCREENER, "call assist"},
	{AMD_SCREENER, "see if this person is available"},
	{AMD_ANNOUNCEMENT, "not in service"},
	{AMD_ANNOUNCEMENT, "has been disconnected"},
	{AMD_ANNOUNCEMENT, "cannot be completed as dialed"},
	{AMD_ANNOUNCEMENT, "could not be completed as dialed"},
	{AMD_ANNOUNCEMENT, "number you have dialed"},
	{AMD_ANNOUNCEMENT, "number you dialed"},
	{AMD_VOICEMAIL, "leave a message"},
	{AMD_VOICEMAIL, "leave me a message"},
	{AMD_VOICEMAIL, "leave us a message"},
	{AMD_VOICEMAIL, "leave your message"},
	{AMD_VOICEMAIL, "leave your name"},
	{AMD_VOICEMAIL, "leave a brief message"},
	{AMD_VOICEMAIL, "leave a short message"},
	{AMD_VOICEMAIL, "record your message"},
	{AMD_VOICEMAIL, "record a message"},
	{AMD_VOICEMAIL, "after the tone"},
	{AMD_VOICEMAIL, "after the beep"},
	{AMD_VOICEMAIL, "at the tone"},
	{AMD_VOICEMAIL, "at the beep"},
	{AMD_VOICEMAIL, "hear the beep"},
	{AMD_VOICEMAIL, "voice mail"},
	{AMD_VOICEMAIL, "voicemail"},
	{AMD_VOICEMAIL, "voice messaging system"},
	{AMD_VOICEMAIL, "mailbox"},
	{AMD_VOICEMAIL, "not available to take your call"},
	{AMD_VOICEMAIL, "unable to take your call"},
	{AMD_VOICEMAIL, "can't take your call"},
	{AMD_VOICEMAIL, "cannot take your call"},
	{AMD_VOICEMAIL, "can't come to the phone"},
	{AMD_VOICEMAIL, "cannot come to the phone"},
	{AMD_VOICEMAIL, "get back to you"},
	{AMD_VOICEMAIL, "return your call"},
	{AMD_MENU, "press one"},
	{AMD_MENU, "press 1"},
	{AMD_MENU, "press two"},
	{AMD_MENU, "press 2"},
	{AMD_MENU, "press three"},
	{AMD_MENU, "press 3"},
	{AMD_MENU, "press zero"},
	{AMD_MENU, "press 0"},
	{AMD_MENU, "press star"},
	{AMD_MENU, "press pound"},
	{AMD_MENU, "main menu"},
	{AMD_MENU, "following options"},
	{AMD_MENU, "menu options"},
	{AMD_MENU, "your call is important to us"},
	{AMD_MENU, "calls may be recorded"},
	{AMD_MENU, "call may be recorded"},
	{AMD_MENU, "next available"},
};

static bool same(struct str a, struct str b)
{
	return a.len == b.len && strncasecmp(a.v, b.v, a.len) == 0;
}

/* Does @text go on with the words of @phrase? */
static bool begins(struct str text, struct str phrase)
{
	for (;;) {
		const struct str want = words_cut(&phrase);

		if (!want.len)
			return true;
		if (!same(words_cut(&text), want))
			return false;
	}
}

bool amd_has(struct str text, struct str phrase)
{
	while (text.len) {
		if (begins(text, phrase))
			return true;
		if (!words_cut(&text).len)
			return false;
	}
	return false;
}

enum amd_kind amd_judge_text(struct str text)
{
	for (size_t i = 0; i < ARRAY_LEN(phrases); i++)
		if (amd_has(text, str_of(phrases[i].words)))
			return phrases[i].kind;
	return AMD_UNKNOWN;
}

/* An assistant hands over to a person or to a mailbox, so it is not final. */
static bool settle(struct amd *a, enum amd_kind kind)
{
	if (kind == AMD_UNKNOWN || kind == a->kind)
		return false;
	if (a->kind != AMD_UNKNOWN && a->kind != AMD_SCREENER)
		return false;
	a->kind = kind;
	return true;
}

bool amd_is_beep(uint32_t began_ms, uint32_t speech_ms)
{
	/* The detector that takes the beep for a voice is sure only after a
	 * part of it. */
	return speech_ms > began_ms;
}

bool amd_tone(struct amd *a, enum tone tone, uint32_t at_ms)
{
	if (at_ms > AMD_WATCH_MS)
		return false;
	if (tone == TONE_FAX)
		return settle(a, AMD_FAX);
	if (tone == TONE_SIT)
		return settle(a, AMD_ANNOUNCEMENT);
	/* A beep after words is a mailbox's. */
	return tone == TONE_BEEP && a->spoke && settle(a, AMD_VOICEMAIL);
}

bool amd_speech(struct amd *a, uint32_t lasted_ms, uint32_t at_ms)
{
	const uint32_t most = a->carrier ? AMD_HELLO_MS : AMD_LONG_MS;
	const bool first = !a->turns;

	a->spoke = true;
	if (first && lasted_ms > a->longest_ms)
		a->longest_ms = lasted_ms;
	return first && at_ms <= AMD_WATCH_MS && lasted_ms >= most &&
	       settle(a, AMD_VOICEMAIL);
}

bool amd_carrier(struct amd *a, uint32_t at_ms)
{
	if (at_ms > AMD_WATCH_MS)
		return false;
	a->carrier = true;
	return !a->turns && a->longest_ms >= AMD_HELLO_MS &&
	       settle(a, AMD_VOICEMAIL);
}

bool amd_doubts(struct amd *a)
{
	const bool person =
		a->kind == AMD_PERSON || (a->kind == AMD_UNKNOWN && a->turns);

	if (!a->carrier || a->asked || !person)
		return false;
	a->asked = true;
	return true;
}

bool amd_told(struct amd *a, enum amd_kind kind)
{
	if (kind == AMD_UNKNOWN || kind == a->kind)
		return false;
	a->kind = kind;
	return true;
}

bool amd_text(struct amd *a, struct str text, uint32_t at_ms)
{
	a->spoke = true;
	return at_ms <= AMD_WATCH_MS && settle(a, amd_judge_text(text));
}

bool amd_turn(struct amd *a)
{
	return ++a->turns >= AMD_TURNS && settle(a, AMD_PERSON);
}

enum amd_kind amd_by_name(struct str text)
{
	const struct str word = words_cut(&text);

	for (int k = AMD_PERSON; k <= AMD_ANNOUNCEMENT; k++)
		if (same(word, str_of(amd_name((enum amd_kind)k))))
			return (enum amd_kind)k;
	return AMD_UNKNOWN;
}

const char *amd_name(enum amd_kind kind)
{
	static const char *const names[] = {
		[AMD_UNKNOWN] = "unknown",
		[AMD_PERSON] = "person",
		[AMD_VOICEMAIL] = "voicemail",
		[AMD_SCREENER] = "screener",
		[AMD_MENU] = "menu",
		[AMD_FAX] = "fax",
		[AMD_ANNOUNCEMENT] = "announcement",
	};

	return names[kind];
}
