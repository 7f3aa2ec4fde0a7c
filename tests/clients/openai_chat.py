"""Drives POST /v1/chat/completions with the real openai client: waiting, coming back, streaming, a timeout with the client's own
repetition, hanging up, a person who takes over, and the client's own errors. HOLDPOINT_TOKEN is the program's token."""

import os
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import openai
from openai import OpenAI

import people

TOKEN = os.environ["HOLDPOINT_TOKEN"]
OPENING_HOURS = "Is the shop open Tuesday to Friday and on Saturday, and from when?"
PARKING = "Can I park a car near the shop?"
NOBODY_KNOWS = "Xyzzy plugh frobnicate?"


def client(**settings):
    return OpenAI(base_url=people.URL + "/v1", api_key=settings.pop("api_key", TOKEN), **settings)


HOLDPOINT = client(max_retries=0)


def waits(seconds):
    return {"extra_headers": {"Holdpoint-Wait": str(seconds)}}


def user(*texts):
    """The user's and the assistant's texts, in turn."""
    return [{"role": ["user", "assistant"][n % 2], "content": text} for n, text in enumerate(texts)]


def ask(conversation, *texts, wait=25, **more):
    named = {"metadata": {"conversation_id": conversation}} if conversation else {}
    return HOLDPOINT.chat.completions.create(model="Juno", messages=user(*texts), **named, **waits(wait), **more)


def text(completion):
    assert completion.object == "chat.completion" and completion.choices[0].finish_reason == "stop", completion
    return completion.choices[0].message.content


def until(completion, *states):
    """Comes back for it until it stands like that."""
    for _ in range(20):
        if completion.holdpoint["status"] in states:
            return completion
        completion = HOLDPOINT.chat.completions.retrieve(completion.id, **waits(1))
    raise AssertionError(completion)


def item_of(conversation):
    """What waits of a conversation, once it has a draft or is a handoff."""
    for _ in range(300):
        _, queue = people.ask("GET", "/api/v1/queue?limit=200")
        for item in queue["items"]:
            if item["conversation_id"] == conversation and (item["kind"] == "handoff" or item["mode"]):
                return item
        time.sleep(0.1)
    raise AssertionError("nothing waits")


def approve(conversation):
    item = item_of(conversation)
    status, told = people.ask(
        "POST", f"/api/v1/queue/{item['id']}/outcome", {"kind": "approve", "revision": item["revision"]}
    )
    assert status == 200, told


def written(conversation):
    _, whole = people.ask("GET", f"/api/v1/conversations/{conversation}")
    return [message["text"] for message in whole["transcript"] if message["author"] == "visitor"]


def raises(kind, call, says):
    try:
        call()
    except kind as error:
        assert says in str(error), error
        return error
    raise AssertionError(f"no {kind.__name__}")


def held_and_fetched():
    name = uuid.uuid4().hex
    held = until(ask(name, PARKING, wait=0), "held")
    assert "colleague" in text(held) and held.holdpoint["approval_id"], held
    approve(held.holdpoint["conversation_id"])
    retried = ask(name, PARKING, wait=55)
    assert retried.holdpoint["status"] == "answered" and retried.holdpoint["author"] == "ai", retried
    fetched = HOLDPOINT.chat.completions.retrieve(held.id)
    assert (fetched.id, text(fetched)) == (retried.id, text(retried)), fetched
    follow_up = ask(name, PARKING, text(retried), OPENING_HOURS)
    assert follow_up.holdpoint["conversation_id"] == held.holdpoint["conversation_id"], follow_up
    assert follow_up.id != held.id and follow_up.holdpoint["status"] == "answered", follow_up
    assert written(held.holdpoint["conversation_id"]) == [PARKING, OPENING_HOURS]
    return "held"


def streamed():
    chunks = list(ask(None, OPENING_HOURS, stream=True))
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert "9:00" in said and chunks[-1].choices[0].finish_reason == "stop", chunks
    assert chunks[-1].holdpoint["status"] == "answered" and chunks[0].choices[0].delta.role == "assistant", chunks
    with HOLDPOINT.chat.completions.stream(model="Juno", messages=user(PARKING), **waits(0)) as stream:
        whole = stream.get_final_completion()
    assert whole.choices[0].message.content, whole
    return "streamed"


def timed_out_and_repeated():
    impatient = client(max_retries=3, timeout=4.0)
    with ThreadPoolExecutor() as pool:
        asking = pool.submit(
            impatient.chat.completions.create, model="Juno", messages=user("Where is the shop?"), **waits(55)
        )
        for _ in range(300):
            _, queue = people.ask("GET", "/api/v1/queue?limit=200")
            found = [item for item in queue["items"] if item["question"] == "Where is the shop?" and item["mode"]]
            if found:
                break
            time.sleep(0.1)
        conversation = found[0]["conversation_id"]
        approve(conversation)
        answer = asking.result()
    assert answer.holdpoint["conversation_id"] == conversation and answer.holdpoint["status"] == "answered", answer
    assert written(conversation) == ["Where is the shop?"]
    return "repeated"


def hung_up():
    name = uuid.uuid4().hex
    impatient = client(max_retries=0, timeout=1.0)
    raises(
        openai.APITimeoutError,
        lambda: impatient.chat.completions.create(
            model="Juno", messages=user(PARKING), metadata={"conversation_id": name}, **waits(55)
        ),
        "timed out",
    )
    answer = until(ask(name, PARKING, wait=0), "held")
    assert written(answer.holdpoint["conversation_id"]) == [PARKING]
    return "hung up"


def taken_over():
    name = uuid.uuid4().hex
    waiting = until(ask(name, NOBODY_KNOWS, wait=0), "handed_off")
    conversation = "/api/v1/conversations/" + waiting.holdpoint["conversation_id"]
    item_of(waiting.holdpoint["conversation_id"])
    assert people.ask("POST", conversation + "/take-over", {})[0] == 200
    assert ask(name, NOBODY_KNOWS, wait=0).holdpoint["status"] == "taken_over"
    said = {"client_id": uuid.uuid4().hex, "text": "We do not know either."}
    assert people.ask("POST", conversation + "/messages", said)[0] == 201
    answer = ask(name, NOBODY_KNOWS)
    assert (text(answer), answer.holdpoint["author"]) == (said["text"], "person"), answer
    return "taken over"


def refused():
    raises(openai.NotFoundError, lambda: HOLDPOINT.chat.completions.create(model="gpt-5", messages=user("Hi")), "gpt-5")
    raises(openai.NotFoundError, lambda: HOLDPOINT.chat.completions.retrieve("chatcmpl-" + str(uuid.uuid4())), "completion")
    wrong = client(api_key="hp_wrong", max_retries=0)
    raises(openai.AuthenticationError, lambda: wrong.models.list(), "token")
    reviewer = client(api_key=os.environ["HOLDPOINT_REVIEWER"], max_retries=0)
    raises(openai.PermissionDeniedError, lambda: reviewer.models.list(), "converse")
    tool = {"type": "function", "function": {"name": "refund", "parameters": {}}}
    error = raises(openai.BadRequestError, lambda: ask(None, "Hi", tools=[tool]), "docs/actions.md")
    assert error.param == "tools", error.param
    error = raises(openai.BadRequestError, lambda: ask(None, "Hi", "Hello", "Well?"), "metadata.conversation_id")
    assert error.code == "invalid" and error.request_id, error
    raises(openai.BadRequestError, lambda: ask("c", "x" * 4001), "4000")
    assert [model.id for model in HOLDPOINT.models.list()] == [HOLDPOINT.models.list().data[0].id]
    return "refused"


stories = [held_and_fetched, streamed, timed_out_and_repeated, hung_up, taken_over, refused]
with ThreadPoolExecutor(len(stories)) as pool:
    for story in [pool.submit(story) for story in stories]:
        print(story.result())


def begins_many():
    for _ in range(30):
        ask(uuid.uuid4().hex, "Hi", wait=0)


limit = raises(openai.RateLimitError, begins_many, "wait a moment")
assert int(limit.response.headers["retry-after"]) > 0
print("chat: well")
