#pragma once
/*
 * libcurl, with the variadic calls that Swift cannot make as functions of fixed types. Handles are void pointers here: how
 * libcurl declares them differs by version.
 *
 * It is loaded when it is first needed, and not with the program: with the 25 libraries behind it, it would take a sixth of
 * the time that a recording takes to start.
 */
#define CURL_DISABLE_TYPECHECK
#define CURL_DISABLE_DEPRECATION
#include <curl/curl.h>
#include <dlfcn.h>
#include <stddef.h>

/* A function of libcurl's, once that is loaded. */
#define TAPELINE_CURL(function) ((__typeof__(&function))dlsym(NULL /* RTLD_DEFAULT */, #function))

typedef size_t (*tapeline_curl_transfer)(char *bytes, size_t size, size_t count, void *context);
typedef int (*tapeline_curl_seek)(void *context, curl_off_t offset, int origin);

/* Loads libcurl, for good. 0 where it cannot be. */
static inline int tapeline_curl_load(void) { return dlopen("libcurl.so.4", RTLD_NOW | RTLD_GLOBAL) != NULL; }

static inline CURLcode tapeline_curl_global_init(void)
{
    return TAPELINE_CURL(curl_global_init)(CURL_GLOBAL_DEFAULT);
}

static inline CURLcode tapeline_curl_set_long(void *easy, CURLoption option, long value)
{
    return TAPELINE_CURL(curl_easy_setopt)((CURL *)easy, option, value);
}

static inline CURLcode tapeline_curl_set_offset(void *easy, CURLoption option, curl_off_t value)
{
    return TAPELINE_CURL(curl_easy_setopt)((CURL *)easy, option, value);
}

/* Also for texts: libcurl copies those, but for the error buffer. */
static inline CURLcode tapeline_curl_set_pointer(void *easy, CURLoption option, const void *value)
{
    return TAPELINE_CURL(curl_easy_setopt)((CURL *)easy, option, value);
}

static inline CURLcode tapeline_curl_set_transfer(void *easy, CURLoption function, tapeline_curl_transfer callback,
                                                  CURLoption data, void *context)
{
    CURLcode code = TAPELINE_CURL(curl_easy_setopt)((CURL *)easy, function, callback);
    return code != CURLE_OK ? code : TAPELINE_CURL(curl_easy_setopt)((CURL *)easy, data, context);
}

static inline CURLcode tapeline_curl_set_seek(void *easy, tapeline_curl_seek callback, void *context)
{
    CURLcode code = TAPELINE_CURL(curl_easy_setopt)((CURL *)easy, CURLOPT_SEEKFUNCTION, callback);
    return code != CURLE_OK ? code : TAPELINE_CURL(curl_easy_setopt)((CURL *)easy, CURLOPT_SEEKDATA, context);
}

/* Nothing but HTTP and HTTPS, whatever a URL says. */
static inline CURLcode tapeline_curl_set_web_only(void *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    return TAPELINE_CURL(curl_easy_setopt)((CURL *)easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    return TAPELINE_CURL(curl_easy_setopt)((CURL *)easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/* Does not wait for a name that is still being looked up, where libcurl can. */
static inline CURLcode tapeline_curl_set_quick_exit(void *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075700
    return TAPELINE_CURL(curl_easy_setopt)((CURL *)easy, CURLOPT_QUICK_EXIT, 1L);
#else
    (void)easy;
    return CURLE_OK;
#endif
}

static inline CURLcode tapeline_curl_get_long(void *easy, CURLINFO info, long *value)
{
    return TAPELINE_CURL(curl_easy_getinfo)((CURL *)easy, info, value);
}

static inline CURLcode tapeline_curl_get_offset(void *easy, CURLINFO info, curl_off_t *value)
{
    return TAPELINE_CURL(curl_easy_getinfo)((CURL *)easy, info, value);
}

static inline void *tapeline_curl_easy(void) { return (void *)TAPELINE_CURL(curl_easy_init)(); }
static inline void *tapeline_curl_multi(void) { return (void *)TAPELINE_CURL(curl_multi_init)(); }
static inline CURLMcode tapeline_curl_add(void *multi, void *easy)
{
    return TAPELINE_CURL(curl_multi_add_handle)((CURLM *)multi, (CURL *)easy);
}
static inline CURLMcode tapeline_curl_perform(void *multi, int *running)
{
    return TAPELINE_CURL(curl_multi_perform)((CURLM *)multi, running);
}
static inline CURLMcode tapeline_curl_poll(void *multi, int milliseconds)
{
    return TAPELINE_CURL(curl_multi_poll)((CURLM *)multi, NULL, 0, milliseconds, NULL);
}

/* How the one transfer of `multi` ended; CURLE_AGAIN where it did not. */
static inline CURLcode tapeline_curl_ending(void *multi)
{
    int left;
    CURLMsg *message;
    while ((message = TAPELINE_CURL(curl_multi_info_read)((CURLM *)multi, &left)) != NULL)
        if (message->msg == CURLMSG_DONE) return message->data.result;
    return CURLE_AGAIN;
}

static inline void tapeline_curl_free(void *multi, void *easy)
{
    TAPELINE_CURL(curl_multi_remove_handle)((CURLM *)multi, (CURL *)easy);
    TAPELINE_CURL(curl_easy_cleanup)((CURL *)easy);
    TAPELINE_CURL(curl_multi_cleanup)((CURLM *)multi);
}

static inline void tapeline_curl_free_easy(void *easy) { TAPELINE_CURL(curl_easy_cleanup)((CURL *)easy); }

static inline struct curl_slist *tapeline_curl_append(struct curl_slist *list, const char *text)
{
    return TAPELINE_CURL(curl_slist_append)(list, text);
}
static inline void tapeline_curl_free_list(struct curl_slist *list) { TAPELINE_CURL(curl_slist_free_all)(list); }

static inline const char *tapeline_curl_easy_words(CURLcode code) { return TAPELINE_CURL(curl_easy_strerror)(code); }
static inline const char *tapeline_curl_multi_words(CURLMcode code) { return TAPELINE_CURL(curl_multi_strerror)(code); }

static inline time_t tapeline_curl_date(const char *text) { return TAPELINE_CURL(curl_getdate)(text, NULL); }
