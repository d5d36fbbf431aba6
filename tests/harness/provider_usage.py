"""Turns the usage body of a provider's answer into the counts of a usage record: disjoint classes, as rule 2 wants.

A small converter for tests; each function says what its provider means by its numbers. counts(body) tells them apart by
their shape: Anthropic, OpenAI chat completions and embeddings (and those who speak alike: Groq, Mistral, DeepSeek,
OpenRouter …), OpenAI responses, Gemini, Bedrock Converse, Cohere.
"""


def counts(body):
    """The counts that are not 0. body: the provider's answer, or as much of it as holds its usage."""
    usage = body.get("usage") or {}
    if "usageMetadata" in body:
        found = gemini(body["usageMetadata"])
    elif "billed_units" in body.get("meta", {}) or "billed_units" in usage:
        found = cohere(usage or body["meta"])
    elif "inputTokens" in usage:
        found = bedrock(usage)
    elif "prompt_tokens" in usage:
        found = openai(usage, usage["prompt_tokens"], usage.get("completion_tokens"), "prompt", "completion")
    elif "cache_read_input_tokens" in usage or "cache_creation_input_tokens" in usage:
        found = anthropic(usage)
    else:
        found = openai(usage, usage["input_tokens"], usage["output_tokens"], "input", "output")
    return {name: count for name, count in found.items() if count}


def anthropic(usage):
    """input_tokens holds neither cache reads nor writes; thinking is inside output_tokens."""
    written = usage.get("cache_creation_input_tokens") or 0
    hour = (usage.get("cache_creation") or {}).get("ephemeral_1h_input_tokens") or 0
    thinking = (usage.get("output_tokens_details") or {}).get("thinking_tokens") or 0
    return {"input_tokens": usage["input_tokens"], "cache_read_tokens": usage.get("cache_read_input_tokens"),
            "cache_write_5m_tokens": written - hour, "cache_write_1h_tokens": hour,
            "output_tokens": usage["output_tokens"] - thinking, "reasoning_tokens": thinking,
            "web_searches": (usage.get("server_tool_use") or {}).get("web_search_requests")}


def openai(usage, given, answered, prompt, completion):
    """Both totals hold all of their details: cached, audio and image input; reasoning, audio and image output."""
    inside = usage.get(f"{prompt}_tokens_details") or {}
    outside = usage.get(f"{completion}_tokens_details") or {}
    cached = (inside.get("cached_tokens") or usage.get("prompt_cache_hit_tokens") or usage.get("num_cached_tokens")
              or usage.get("cached_tokens"))
    parts_in = {"cache_read_tokens": cached, "cache_write_5m_tokens": inside.get("cache_write_tokens"),
                "input_audio_tokens": inside.get("audio_tokens"), "input_image_tokens": inside.get("image_tokens")}
    parts_out = {"reasoning_tokens": outside.get("reasoning_tokens"),
        "output_audio_tokens": outside.get("audio_tokens"),
                 "output_image_tokens": outside.get("image_tokens")}
    return {"input_tokens": rest(given, parts_in), **parts_in, "output_tokens": rest(answered, parts_out), **parts_out}


def gemini(usage):
    """The prompt holds what was cached, not what tools put in; thoughts stand beside the candidates. 0 is left out."""
    modalities = {name: {part["modality"]: part.get("tokenCount", 0) for part in usage.get(name) or []}
                  for name in ("promptTokensDetails", "cacheTokensDetails", "candidatesTokensDetails")}
    def of(modality, name="promptTokensDetails"):
        return modalities[name].get(modality, 0)
    parts_in = {"cache_read_tokens": usage.get("cachedContentTokenCount"),
                "input_audio_tokens": of("AUDIO") - of("AUDIO", "cacheTokensDetails"),
                "input_image_tokens": of("IMAGE") - of("IMAGE", "cacheTokensDetails")}
    parts_out = {"output_audio_tokens": of("AUDIO", "candidatesTokensDetails"),
                 "output_image_tokens": of("IMAGE", "candidatesTokensDetails")}
    given = usage.get("promptTokenCount", 0) + usage.get("toolUsePromptTokenCount", 0)
    return {"input_tokens": rest(given, parts_in), **parts_in,
            "output_tokens": rest(usage.get("candidatesTokenCount"), parts_out), **parts_out,
            "reasoning_tokens": usage.get("thoughtsTokenCount")}


def bedrock(usage):
    """As Anthropic: inputTokens holds neither cache reads nor writes."""
    hour = sum(part["inputTokens"] for part in usage.get("cacheDetails") or [] if part.get("ttl") == "1h")
    return {"input_tokens": usage["inputTokens"], "cache_read_tokens": usage.get("cacheReadInputTokens"),
            "cache_write_5m_tokens": (usage.get("cacheWriteInputTokens") or 0) - hour, "cache_write_1h_tokens": hour,
            "output_tokens": usage["outputTokens"]}


def cohere(usage):
    """What is billed, not what was counted."""
    billed = usage["billed_units"]
    return {"input_tokens": billed.get("input_tokens"), "output_tokens": billed.get("output_tokens"),
            "input_image_tokens": billed.get("image_tokens")}


def rest(total, parts):
    return max((total or 0) - sum(count or 0 for count in parts.values()), 0)
