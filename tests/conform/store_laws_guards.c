#include <errno.h>

#include "server/store/setting.h"
#include "tests/conform/store_laws.h"

void store_law_a_setting_is_kept_replaced_and_removed(void)
{
	char value[8];
	int64_t at = 0;

	law_begin();
	CHECK_INT(-ENOENT, store_setting_get(law_store, "a", value,
	                                     sizeof(value), &at));
	CHECK_INT(0, store_setting_put(law_store, "a", "one", 5));
	CHECK_INT(0, store_setting_put(law_store, "a", "another", 7));
	CHECK_INT(0, store_setting_put(law_store, "b", "", 9));
	law_reopen();
	CHECK_INT(0, store_setting_get(law_store, "a", value, sizeof(value),
	                               &at));
	CHECK_STR("another", value);
	CHECK_INT(7, at);
	CHECK_INT(0, store_setting_get(law_store, "b", value, sizeof(value),
	                               &at));
	CHECK_STR("", value);
	CHECK_INT(0, store_setting_put(law_store, "a", NULL, 0));
	CHECK_INT(0, store_setting_put(law_store, "a", NULL, 0));
	CHECK_INT(-ENOENT, store_setting_get(law_store, "a", value,
	                                     sizeof(value), &at));
	law_end();
}
