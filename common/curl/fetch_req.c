#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

#include "common/curl/fetch_priv.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/netaddr.h"
#include "common/str.h"

enum {
	CONNECT_MS = 5000,      /* [ms] unless the caller says otherwise */
	BODY_MAX = 1024 * 1024, /* [bytes] likewise */
	ADDRESS_MAX = 128,      /* [bytes] of an address, with room to spare */
};

uint64_t fetch_clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void note_sign_of_life(struct fetch_req *r)
{
	if (r->stall_ms)
		r->quiet_at = fetch_clock_ms() + r->stall_ms;
}

static size_t on_header(char *v, size_t size, size_t n, void *arg)
{
	struct fetch_req *r = arg;
	struct str value = str_n(v, size * n);
	struct str name;

	note_sign_of_life(r);
	if (str_starts(value, "HTTP/")) {
		/* An interim answer's headers are not the answer's. */
		r->request_id[0] = '\0';
		r->has_retry_after = false;
		return size * n;
	}
	name = str_cut(&value, ':');
	value = str_trim(value);
	if (str_eq_nocase(name, "retry-after"))
		r->has_retry_after = true;
	else if ((str_eq_nocase(name, "x-request-id") ||
	          str_eq_nocase(name, "request-id")) &&
	         str_copy(r->request_id, sizeof(r->request_id), value))
		r->request_id[0] = '\0';
	return size * n;
}

static size_t on_body(char *v, size_t size, size_t n, void *arg)
{
	struct fetch_req *r = arg;
	long status = 0;

	note_sign_of_life(r);
	if (!r->done)
		return 0;
	curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	if (r->data && status / 100 == 2)
		r->err = r->data(v, size * n, r->arg);
	else
		r->err = buf_add(&r->body, v, size * n);
	/* The handler may have cancelled the request it was given. */
	if (r->err > 0)
		r->err = 0;
	return r->err || !r->done ? 0 : size * n;
}

/* Only web addresses with a host: libcurl itself would also take "host". */
static int check_url(const char *url)
{
	CURLU *u;
	CURLUcode rc;

	if (strncasecmp(url, "http://", 7) != 0 &&
	    strncasecmp(url, "https://", 8) != 0)
		return -EINVAL;
	u = curl_url();
	if (!u)
		return -ENOMEM;
	rc = curl_url_set(u, CURLUPART_URL, url, 0);
	curl_url_cleanup(u);
	if (rc == CURLUE_OUT_OF_MEMORY)
		return -ENOMEM;
	return rc ? -EINVAL : 0;
}

static int add_header(struct fetch_req *r, const char *line)
{
	struct curl_slist *list = curl_slist_append(r->headers, line);

	if (!list)
		return -ENOMEM;
	r->headers = list;
	return 0;
}

static int set_headers(struct fetch_req *r, const char *const *headers)
{
	/* "100 Continue" costs a round trip, and Plivo never asked for it. */
	int err = add_header(r, "Expect:");

	for (; headers && *headers && !err; headers++)
		err = add_header(r, *headers);
	if (!err)
		curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, r->headers);
	return err;
}

static int set_method(CURL *e, const struct fetch_params *prm)
{
	CURLcode rc = CURLE_OK;

	if (prm->body || strcmp(prm->method, "POST") == 0) {
		curl_easy_setopt(e, CURLOPT_POST, 1L);
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
		                 (curl_off_t)(prm->body ? prm->body_len : 0));
		rc = curl_easy_setopt(e, CURLOPT_COPYPOSTFIELDS,
		                      prm->body ? prm->body : "");
	}
	if (rc == CURLE_OK && strcmp(prm->method, "GET") != 0 &&
	    strcmp(prm->method, "POST") != 0)
		rc = curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, prm->method);
	return rc == CURLE_OK ? 0 : -ENOMEM;
}

static int set_peer(CURL *e, const struct fetch_params *prm,
                    const char *ca_file)
{
	CURLcode rc = curl_easy_setopt(e, CURLOPT_URL, prm->url);

	/* Clear text is for loopback and private addresses, which no proxy of
	 * the environment can reach for us. */
	if (rc == CURLE_OK && strncasecmp(prm->url, "http://", 7) == 0)
		rc = curl_easy_setopt(e, CURLOPT_PROXY, "");
	if (rc == CURLE_OK && ca_file)
		rc = curl_easy_setopt(e, CURLOPT_CAINFO, ca_file);
	/* The cache of parsed certificates works without a folder only. */
	curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	if (rc == CURLE_OK && prm->user)
		rc = curl_easy_setopt(e, CURLOPT_USERNAME, prm->user);
	if (rc == CURLE_OK && prm->password)
		rc = curl_easy_setopt(e, CURLOPT_PASSWORD, prm->password);
	curl_easy_setopt(e, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
	return rc == CURLE_OK ? 0 : -ENOMEM;
}

/* Certificate and Host stay those of the URL. */
static int set_address(struct fetch_req *r, const char *address)
{
	bool v6 = strchr(address, ':') != NULL;
	struct buf to;
	int err;

	buf_init(&to, ADDRESS_MAX);
	err = buf_addf(&to, v6 ? "::[%s]:" : "::%s:", address);
	if (!err) {
		r->connect_to = curl_slist_append(NULL, buf_str(&to));
		err = r->connect_to ? 0 : -ENOMEM;
	}
	if (!err)
		curl_easy_setopt(r->easy, CURLOPT_CONNECT_TO, r->connect_to);
	buf_fini(&to);
	return err;
}

static void set_connection(CURL *e, const struct fetch_params *prm)
{
	curl_easy_setopt(
		e, CURLOPT_CONNECTTIMEOUT_MS,
		(long)(prm->connect_ms ? prm->connect_ms : CONNECT_MS));
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)prm->total_ms);
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION,
	                 prm->http2 ? (long)CURL_HTTP_VERSION_2TLS
	                            : (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_PIPEWAIT, prm->http2 ? 1L : 0L);
	/* libcurl repeats a request, a POST too, when a used connection turns
	 * out to be dead. On a new one it never does. */
	curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, prm->fresh ? 1L : 0L);
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	/* Giving up must not wait for a name server's thread. */
	curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "dialout/" DIALOUT_VERSION);
}

/* Before a connection is made: nobody inside learns that we came by. */
static curl_socket_t open_public(void *arg, curlsocktype purpose,
                                 struct curl_sockaddr *to)
{
	struct fetch_req *r = arg;

	(void)purpose;
	if (netaddr_public(&to->addr))
		return socket(to->family, to->socktype | SOCK_CLOEXEC,
		              to->protocol);
	r->closed_addr = true;
	return CURL_SOCKET_BAD;
}

/* Before the request: a connection of the pool was made for somebody else,
 * who may have been allowed more. */
// NOLINTNEXTLINE(readability-non-const-parameter): libcurl's type
static int use_public(void *arg, char *remote, char *local, int remote_port,
                      int local_port)
{
	struct fetch_req *r = arg;

	(void)local;
	(void)remote_port;
	(void)local_port;
	if (netaddr_text_public(remote))
		return CURL_PREREQFUNC_OK;
	r->closed_addr = true;
	return CURL_PREREQFUNC_ABORT;
}

/* A proxy would resolve the name itself: there is none for these. */
static void set_public_only(struct fetch_req *r)
{
	curl_easy_setopt(r->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(r->easy, CURLOPT_OPENSOCKETFUNCTION, open_public);
	curl_easy_setopt(r->easy, CURLOPT_OPENSOCKETDATA, r);
	curl_easy_setopt(r->easy, CURLOPT_PREREQFUNCTION, use_public);
	curl_easy_setopt(r->easy, CURLOPT_PREREQDATA, r);
}

static void set_handlers(struct fetch_req *r)
{
	curl_easy_setopt(r->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(r->easy, CURLOPT_HEADERDATA, r);
	curl_easy_setopt(r->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(r->easy, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(r->easy, CURLOPT_PRIVATE, r);
}

int fetch_req_new(struct fetch_req **rp, const struct fetch_params *prm,
                  const char *ca_file)
{
	struct fetch_req *r;
	int err = check_url(prm->url);

	if (err)
		return err;
	r = mem_zalloc(sizeof(*r));
	if (!r)
		return -ENOMEM;
	list_init(&r->link);
	buf_init(&r->body, prm->max_body ? prm->max_body : BODY_MAX);
	r->data = prm->data;
	r->done = prm->done;
	r->arg = prm->arg;
	r->stall_ms = prm->stall_ms;
	note_sign_of_life(r);
	r->easy = curl_easy_init();
	err = r->easy ? 0 : -ENOMEM;
	if (!err)
		err = set_headers(r, prm->headers);
	if (!err)
		err = set_method(r->easy, prm);
	if (!err)
		err = set_peer(r->easy, prm, ca_file);
	if (!err && prm->address)
		err = set_address(r, prm->address);
	if (err) {
		fetch_req_free(r);
		return err;
	}
	set_connection(r->easy, prm);
	set_handlers(r);
	if (prm->public_only)
		set_public_only(r);
	*rp = r;
	return 0;
}

void fetch_req_free(struct fetch_req *r)
{
	curl_easy_cleanup(r->easy);
	curl_slist_free_all(r->headers);
	curl_slist_free_all(r->connect_to);
	buf_fini(&r->body);
	mem_free(r);
}

static int err_of_connect(CURL *e)
{
	long os = 0;

	curl_easy_getinfo(e, CURLINFO_OS_ERRNO, &os);
	return os > 0 && os < 4095 ? -(int)os : -ECONNREFUSED;
}

/* A table rather than a switch: libcurl has a hundred codes. */
static const struct {
	CURLcode code;
	int err;
} errors[] = {
	{CURLE_OK, 0},
	{CURLE_OPERATION_TIMEDOUT, -ETIMEDOUT},
	{CURLE_COULDNT_RESOLVE_HOST, -EHOSTUNREACH},
	{CURLE_COULDNT_RESOLVE_PROXY, -EHOSTUNREACH},
	{CURLE_SSL_CONNECT_ERROR, ERR_AUTH},
	{CURLE_PEER_FAILED_VERIFICATION, ERR_AUTH},
	{CURLE_SSL_CERTPROBLEM, ERR_AUTH},
	{CURLE_SSL_CIPHER, ERR_AUTH},
	{CURLE_SSL_CACERT_BADFILE, ERR_AUTH},
	{CURLE_SSL_ISSUER_ERROR, ERR_AUTH},
	{CURLE_SSL_INVALIDCERTSTATUS, ERR_AUTH},
	{CURLE_SEND_ERROR, -ECONNRESET},
	{CURLE_RECV_ERROR, -ECONNRESET},
	{CURLE_GOT_NOTHING, -ECONNRESET},
	{CURLE_PARTIAL_FILE, -ECONNRESET},
	{CURLE_HTTP2, -ECONNRESET},
	{CURLE_HTTP2_STREAM, -ECONNRESET},
	{CURLE_OUT_OF_MEMORY, -ENOMEM},
};

static int err_of(struct fetch_req *r, CURLcode code)
{
	size_t i;

	if (r->err)
		return r->err;
	if (r->closed_addr && (code == CURLE_COULDNT_CONNECT ||
	                       code == CURLE_ABORTED_BY_CALLBACK))
		return -EACCES;
	if (code == CURLE_COULDNT_CONNECT)
		return err_of_connect(r->easy);
	for (i = 0; i < ARRAY_LEN(errors); i++) {
		if (errors[i].code == code)
			return errors[i].err;
	}
	return ERR_PROTO;
}

bool fetch_req_sent(const struct fetch_req *r)
{
	curl_off_t up_us = 0;
	long bytes = 0;

	curl_easy_getinfo(r->easy, CURLINFO_PRETRANSFER_TIME_T, &up_us);
	curl_easy_getinfo(r->easy, CURLINFO_REQUEST_SIZE, &bytes);
	return up_us > 0 || bytes > 0;
}

static uint32_t time_ms(CURL *e, CURLINFO what)
{
	curl_off_t us = 0;

	curl_easy_getinfo(e, what, &us);
	return (uint32_t)(us / 1000);
}

static long retry_after(const struct fetch_req *r)
{
	curl_off_t sec = 0;

	if (!r->has_retry_after)
		return -1;
	curl_easy_getinfo(r->easy, CURLINFO_RETRY_AFTER, &sec);
	return sec > 0 ? (long)sec : 0;
}

void fetch_req_result(struct fetch_req *r, CURLcode code,
                      struct fetch_result *res)
{
	long status = 0;

	memset(res, 0, sizeof(*res));
	curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	res->err = err_of(r, code);
	res->status = (int)status;
	res->sent = fetch_req_sent(r) || status;
	res->body = buf_str(&r->body);
	res->body_len = r->body.len;
	res->retry_after_sec = retry_after(r);
	memcpy(res->request_id, r->request_id, sizeof(res->request_id));
	res->connect_ms = time_ms(r->easy, CURLINFO_CONNECT_TIME_T);
	res->first_byte_ms = time_ms(r->easy, CURLINFO_STARTTRANSFER_TIME_T);
	res->total_ms = time_ms(r->easy, CURLINFO_TOTAL_TIME_T);
}
