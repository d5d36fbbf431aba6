#include "lib/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/* Networks of IANA's special-purpose registries that nobody sells prices from. */
static const struct {
	uint32_t network;
	int bits;
} inside4[] = {
	{ 0x00000000, 8 }, { 0x0a000000, 8 }, { 0x64400000, 10 }, { 0x7f000000, 8 }, { 0xa9fe0000, 16 },
	{ 0xac100000, 12 }, { 0xc0000000, 24 }, { 0xc0000200, 24 }, { 0xc0586300, 24 }, { 0xc0a80000, 16 },
	{ 0xc6120000, 15 }, { 0xc6336400, 24 }, { 0xcb007100, 24 }, { 0xe0000000, 4 }, { 0xf0000000, 4 },
};

static bool
is_public4(uint32_t address)
{
	for (size_t i = 0; i < sizeof inside4 / sizeof inside4[0]; i++)
		if ((address ^ inside4[i].network) >> (32 - inside4[i].bits) == 0)
			return false;
	return true;
}

static uint32_t
word_at(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool
is_public6(const uint8_t *bytes)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b };

	if (memcmp(bytes, mapped, sizeof mapped) == 0 || memcmp(bytes, nat64, sizeof nat64) == 0)
		return is_public4(word_at(bytes + 12));
	if (bytes[0] == 0x20 && bytes[1] == 0x02) /* 6to4 */
		return is_public4(word_at(bytes + 2));
	if (word_at(bytes) == 0x20010db8 || (word_at(bytes) & 0xfffffe00) == 0x20010000)
		return false; /* documentation; IETF protocols, Teredo among them */
	return (bytes[0] & 0xe0) == 0x20; /* 2000::/3 is what is given out */
}

bool
budget_address_is_public(const struct sockaddr *address)
{
	struct sockaddr_in ip4;
	struct sockaddr_in6 ip6;

	if (address->sa_family == AF_INET) {
		memcpy(&ip4, address, sizeof ip4);
		return is_public4(ntohl(ip4.sin_addr.s_addr));
	}
	if (address->sa_family == AF_INET6) {
		memcpy(&ip6, address, sizeof ip6);
		return is_public6(ip6.sin6_addr.s6_addr);
	}
	return false;
}

bool
budget_address_host_is_public(const char *host)
{
	struct in_addr ip4;
	struct in6_addr ip6;
	size_t length = strlen(host), suffix = strlen(".localhost");

	if (inet_pton(AF_INET, host, &ip4) == 1)
		return is_public4(ntohl(ip4.s_addr));
	if (inet_pton(AF_INET6, host, &ip6) == 1)
		return is_public6(ip6.s6_addr);
	return length > 0 && strchr(host, ':') == NULL && strcasecmp(host, "localhost") != 0
	    && (length <= suffix || strcasecmp(host + length - suffix, ".localhost") != 0);
}
