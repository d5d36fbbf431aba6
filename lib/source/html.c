#include "lib/source/html.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

#include <libxml/HTMLparser.h>

#include "lib/utf8.h"

/* struct html_page is an xmlDoc, struct html_node an xmlNode: nobody else looks inside. */

void
html_close(struct html_page **page)
{
	if (*page)
		xmlFreeDoc((xmlDocPtr)*page);
	*page = NULL;
}

enum budget_status
html_open(struct budget_ctx *ctx, const struct budget_source_feed *feed, struct html_page **ret_page)
{
	const int options = HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET;
	size_t bad = 0;

	if (feed->length == 0 || feed->length > INT_MAX)
		return source_bad_feed(ctx, "The page is empty.");
	if (memchr(feed->body, '\0', feed->length) || !budget_utf8_valid(feed->body, feed->length, &bad))
		return source_bad_feed(ctx, "The page is no UTF-8 text (byte %zu).", bad);
	*ret_page = (struct html_page *)htmlReadMemory(feed->body, (int)feed->length, NULL, "UTF-8", options);
	if (*ret_page == NULL || html_root(*ret_page) == NULL)
		return source_bad_feed(ctx, "The page is no HTML.");
	return BUDGET_OK;
}

struct html_node *
html_root(struct html_page *page)
{
	return (struct html_node *)xmlDocGetRootElement((xmlDocPtr)page);
}

static xmlNodePtr
element_from(xmlNodePtr node)
{
	while (node && node->type != XML_ELEMENT_NODE)
		node = node->next;
	return node;
}

struct html_node *
html_skip(struct html_node *root, struct html_node *from)
{
	xmlNodePtr node = (xmlNodePtr)from, end = (xmlNodePtr)root;

	for (; node && node != end; node = node->parent) {
		xmlNodePtr next = element_from(node->next);
		if (next)
			return (struct html_node *)next;
	}
	return NULL;
}

struct html_node *
html_next(struct html_node *root, struct html_node *from)
{
	xmlNodePtr node = (xmlNodePtr)(from ? from : root), inside = element_from(node->children);

	return inside ? (struct html_node *)inside : from ? html_skip(root, from) : NULL;
}

bool
html_is(const struct html_node *node, const char *name)
{
	return node && xmlStrcasecmp(((const xmlNode *)node)->name, (const xmlChar *)name) == 0;
}

bool
html_has_class(struct html_node *node, const char *part)
{
	xmlChar *value = xmlGetProp((xmlNodePtr)node, (const xmlChar *)"class");
	bool has = value && strcasestr((const char *)value, part) != NULL;

	xmlFree(value);
	return has;
}

static bool
is_hidden(const xmlNode *node)
{
	return node->type == XML_ELEMENT_NODE && (xmlStrcasecmp(node->name, (const xmlChar *)"script") == 0
	    || xmlStrcasecmp(node->name, (const xmlChar *)"style") == 0);
}

/* The node behind `node` in the document's order, texts included. */
static xmlNodePtr
any_next(xmlNodePtr root, xmlNodePtr node)
{
	if (node->children && (node->type == XML_ELEMENT_NODE) && !is_hidden(node))
		return node->children;
	for (; node && node != root; node = node->parent)
		if (node->next)
			return node->next;
	return NULL;
}

const char *
html_text(struct budget_ctx *ctx, struct html_node *from, size_t max_bytes)
{
	char *text = budget_arena_alloc(&ctx->arena, max_bytes + 1);
	xmlNodePtr root = (xmlNodePtr)from;
	size_t length = 0;

	for (xmlNodePtr node = root; text && node && length < max_bytes; node = any_next(root, node)) {
		const char *bytes = node->type == XML_TEXT_NODE ? (const char *)node->content : node->type == XML_ELEMENT_NODE ? " " : "";
		for (; bytes && *bytes && length < max_bytes; bytes++) {
			bool is_space = isspace((unsigned char)*bytes) || (unsigned char)*bytes < 0x20;
			if (strncmp(bytes, "\xc2\xa0", 2) == 0) { /* a blank that does not break */
				is_space = true;
				bytes++;
			}
			if (!is_space)
				text[length++] = *bytes;
			else if (length > 0 && text[length - 1] != ' ')
				text[length++] = ' ';
		}
	}
	while (text && length > 0 && (text[length - 1] == ' ' || (unsigned char)text[length - 1] >= 0x80)
	    && (text[length - 1] == ' ' || !budget_utf8_valid(text, length, NULL)))
		length--; /* a character cut in two */
	if (text)
		text[length] = '\0';
	return text ? text : "";
}
