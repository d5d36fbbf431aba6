/* Network addresses: which of them belong to the public Internet, and which to somebody's inside. */
#ifndef BUDGET_LIB_ADDRESS_H
#define BUDGET_LIB_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/**
 * True for a unicast address of the public Internet. False for loopback, private, link-local, shared (100.64/10),
 * documentation, multicast and reserved ones, for IPv6 that carries such an IPv4 (mapped, NAT64, 6to4), and for every
 * other family.
 */
bool budget_address_is_public(const struct sockaddr *address);

/** The same for a host as it stands in a URL; names are public until they are looked up, but for localhost. */
bool budget_address_host_is_public(const char *host);

#endif
