"""Drives a started server with the official Python clients, unmodified: `clients.py BASE KEY MODEL QUESTION ANSWER`.

Prints one JSON object a check: its name, and null or the traceback of its failure.
"""

import asyncio
import json
import sys
import traceback

import openai
import pydantic
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_nvidia_ai_endpoints import ChatNVIDIA
from langchain_openai import ChatOpenAI

BASE, KEY, MODEL, QUESTION, ANSWER = sys.argv[1:]
MESSAGES = [{"role": "user", "content": QUESTION}]


class City(pydantic.BaseModel):
    """A city."""

    model_config = pydantic.ConfigDict(extra="forbid")
    days: int = pydantic.Field(ge=1, le=9)


class Weather(pydantic.BaseModel):
    """Weather of some days."""

    model_config = pydantic.ConfigDict(extra="forbid")
    days: int = pydantic.Field(ge=1, le=9)


client = openai.OpenAI(base_url=BASE, api_key=KEY, max_retries=0)
chat = {"model": MODEL, "messages": MESSAGES, "temperature": 0}


def openai_chat():
    answer = client.chat.completions.create(**chat)
    assert answer.choices[0].message.content == ANSWER
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert client.models.list().data[0].id == MODEL


def openai_stream():
    with client.chat.completions.stream(**chat, stream_options={"include_usage": True}) as stream:
        deltas = [event.delta for event in stream if event.type == "content.delta"]
    assert len(deltas) > 10 and "".join(deltas) == ANSWER
    assert stream.get_final_completion().usage.completion_tokens > 10


def openai_tools():
    tools = [openai.pydantic_function_tool(Weather)]
    answer = client.chat.completions.parse(**chat, tools=tools, tool_choice="required", parallel_tool_calls=False)
    assert answer.choices[0].finish_reason == "tool_calls"
    [call] = answer.choices[0].message.tool_calls
    assert 1 <= call.function.parsed_arguments.days <= 9
    result = {"role": "tool", "tool_call_id": call.id, "content": "rain"}
    messages = [*MESSAGES, answer.choices[0].message, result, *MESSAGES]
    again = client.chat.completions.create(model=MODEL, messages=messages, tools=tools, temperature=0)
    assert again.choices[0].finish_reason == "stop"


def openai_structured_output():
    answer = client.chat.completions.parse(**chat, response_format=City)
    assert 1 <= answer.choices[0].message.parsed.days <= 9


def openai_extra_body():
    answer = client.chat.completions.create(**chat, extra_body={"guided_choice": ["yes", "no"]})
    assert answer.choices[0].message.content in ("yes", "no")


def openai_errors():
    for kind, call in [
        (openai.NotFoundError, {**chat, "model": "other"}),
        (openai.BadRequestError, {**chat, "temperature": 9}),
        (openai.BadRequestError, {**chat, "max_tokens": 10**6}),
    ]:
        try:
            client.chat.completions.create(**call)
        except kind as error:
            assert error.body["message"] and error.body["code"] == error.status_code, error.body
        else:
            raise AssertionError(f"no {kind.__name__}")
    try:
        client.with_options(api_key="other").chat.completions.create(**chat)
    except openai.AuthenticationError:
        return
    raise AssertionError("no AuthenticationError")


def running():
    import httpx

    text = httpx.get(BASE.replace("/v1", "/metrics")).text
    return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith("vllm:num_requests_running{"))


def openai_abort():
    stream = client.completions.create(
        model=MODEL, prompt="The", max_tokens=1900, stream=True, extra_body={"ignore_eos": True}
    )
    next(iter(stream))
    stream.close()
    asyncio.run(idle())


def openai_async_cancel():
    async def cancelled():
        using = openai.AsyncOpenAI(base_url=BASE, api_key=KEY, max_retries=0)
        call = using.completions.create(model=MODEL, prompt="The", max_tokens=1900, extra_body={"ignore_eos": True})
        task = asyncio.create_task(call)
        await asyncio.sleep(0.2)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            await idle()
            return
        raise AssertionError("not cancelled")

    asyncio.run(cancelled())


async def idle():
    for _ in range(100):
        if running() == 0:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("something still runs after a second")


def both(check):
    """The check with each of LangChain's clients."""
    check(ChatNVIDIA(base_url=BASE, model=MODEL, nvidia_api_key=KEY, temperature=0))
    check(ChatOpenAI(base_url=BASE, model=MODEL, api_key=KEY, temperature=0, max_retries=0))


def langchain_chat():
    def check(model):
        answer = model.invoke(QUESTION)
        assert answer.content == ANSWER
        assert answer.usage_metadata["output_tokens"] > 10

    both(check)


def langchain_stream():
    def check(model):
        pieces = [piece.content for piece in model.stream(QUESTION)]
        assert len(pieces) > 10 and "".join(pieces) == ANSWER

    both(check)


# The embedded model would write digits of a free number until its context is full.
@tool(args_schema=Weather)
def weather(days: int) -> str:
    """Weather of some days."""
    return "rain"


def langchain_tools():
    def check(model):
        answer = model.bind_tools([weather], tool_choice="weather").invoke(QUESTION)
        [call] = answer.tool_calls
        assert call["name"] == "weather" and isinstance(call["args"]["days"], int)
        result = weather.invoke(call)
        assert isinstance(result, ToolMessage)
        history = [HumanMessage(QUESTION), answer, result, HumanMessage(QUESTION)]
        assert isinstance(model.bind_tools([weather]).invoke(history), AIMessage)

    both(check)


def langchain_structured_output():
    both(lambda model: City.model_validate(model.with_structured_output(City).invoke(QUESTION)))


def langchain_errors():
    def check(model):
        try:
            model.bind(temperature=9).invoke(QUESTION)
        except Exception as error:
            assert "temperature must be <= 2" in str(error), error
            return
        raise AssertionError("no error")

    both(check)


def langchain_async():
    def check(model):
        async def stream():
            return "".join([piece.content async for piece in model.astream(QUESTION)])

        assert asyncio.run(stream()) == ANSWER

    both(check)


for name, check in list(globals().items()):
    if callable(check) and name.startswith(("openai_", "langchain_")) and getattr(check, "__module__", "") == "__main__":
        try:
            check()
            failure = None
        except Exception:
            failure = traceback.format_exc()
        print(json.dumps({"name": name, "failure": failure}), flush=True)
