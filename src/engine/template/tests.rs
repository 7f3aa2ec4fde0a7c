use super::*;

const CHATML: &str = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}
{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

/// In the manner of a family that begins with its first token, trims, numbers its loops and would like a date.
const HEADERS: &str = r#"{{- bos_token }}
{%- if strftime_now is defined %}
    {%- set date = strftime_now("%d %b %Y") %}
{%- else %}
    {%- set date = "no date" %}
{%- endif %}
{%- set ns = namespace(count=0) %}
{%- for message in messages %}
    {%- if message.role == 'tool' %}
        {%- continue %}
    {%- endif %}
    {%- set ns.count = ns.count + 1 %}
    {{- '<|start|>' + message['role'] + '<|end|>' + message['content'].strip() + '<|eot|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start|>assistant<|end|>' }}
{%- endif %}"#;

/// Refuses system messages and two messages of one side in a row.
const STRICT: &str = "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}
{% for message in messages %}
{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate') }}{% endif %}
[{{ message['role'] }}]{{ message['content'] | trim }}{{ eos_token if message['role'] == 'assistant' }}
{% endfor %}[assistant]";

fn template(source: &str) -> Template {
    Template::new(source, "<s>", "</s>").expect("the template works")
}

fn refusal(source: &str) -> String {
    Template::new(source, "<s>", "</s>")
        .err()
        .expect("the template is refused")
}

#[test]
fn a_plain_template_writes_what_its_author_meant() {
    let prompt = template(CHATML).render(&[
        ChatMessage::system("Be brief."),
        ChatMessage::user("Hi"),
        ChatMessage::assistant("Hello."),
        ChatMessage::user("Open?"),
    ]);
    assert_eq!(
        prompt.unwrap(),
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello.<|im_end|>\n\
         <|im_start|>user\nOpen?<|im_end|>\n<|im_start|>assistant\n"
    );
}

#[test]
fn methods_namespaces_loop_controls_and_a_missing_clock_are_understood() {
    let prompt = template(HEADERS).render(&[ChatMessage::system("Be brief."), ChatMessage::user("  Hi ")]);
    assert_eq!(
        prompt.unwrap(),
        "<s><|start|>system<|end|>Be brief.<|eot|><|start|>user<|end|>Hi<|eot|><|start|>assistant<|end|>"
    );
}

#[test]
fn a_template_that_refuses_instructions_gets_them_with_the_first_question() {
    let strict = template(STRICT);
    assert!(strict.takes_no_system);
    let prompt = strict.render(&[ChatMessage::system("Be brief."), ChatMessage::user("Hi")]);
    assert_eq!(prompt.unwrap(), "<s>[user]Be brief.\n\nHi\n[assistant]");
}

#[test]
fn a_template_that_drops_instructions_silently_gets_them_with_the_first_question() {
    let deaf = template(
        "{% for m in messages %}{% if m.role != 'system' %}[{{ m.role }}]{{ m.content }}{% endif %}{% endfor %}",
    );
    let prompt = deaf.render(&[ChatMessage::system("Be brief."), ChatMessage::user("Hi")]);
    assert_eq!(prompt.unwrap(), "[user]Be brief.\n\nHi");
}

#[test]
fn two_messages_in_a_row_become_one_where_the_template_wants_turns() {
    let prompt = template(STRICT).render(&[
        ChatMessage::user("Hi"),
        ChatMessage::user("Anyone?"),
        ChatMessage::assistant("Yes."),
        ChatMessage::user("Open?"),
    ]);
    assert_eq!(
        prompt.unwrap(),
        "<s>[user]Hi\n\nAnyone?\n[assistant]Yes.</s>\n[user]Open?\n[assistant]"
    );
}

#[test]
fn a_longer_conversation_begins_with_the_prompt_of_the_shorter_one() {
    for source in [CHATML, HEADERS, STRICT] {
        let template = template(source);
        let mut messages = vec![ChatMessage::system("Be brief."), ChatMessage::user("Hi")];
        let mut before = template.render(&messages).unwrap();
        for turn in 0..3 {
            messages.push(ChatMessage::assistant(format!("Answer {turn}.")));
            messages.push(ChatMessage::user(format!("Question {turn}?")));
            let after = template.render(&messages).unwrap();
            assert!(after.starts_with(&before), "{after:?} does not begin with {before:?}");
            before = after;
        }
    }
}

#[test]
fn a_template_that_loops_for_ever_is_refused() {
    let endless = "{% for a in range(10000) %}{% for b in range(10000) %}{% for c in range(10000) %}{% endfor %}{% endfor %}{% endfor %}";
    assert_eq!(refusal(endless), "it takes too many steps");
    let recursive = "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}";
    assert!(!refusal(recursive).is_empty());
}

#[test]
fn a_template_that_writes_without_end_is_refused() {
    let flood = "{% set line = 'x' * 1000 %}{% for a in range(10000) %}{{ line }}{% endfor %}";
    assert_eq!(refusal(flood), "it writes far more than it is given");
}

#[test]
fn a_template_that_cannot_be_used_says_why() {
    assert!(refusal("{% for").contains("unexpected end"), "{}", refusal("{% for"));
    assert_eq!(refusal("always the same"), "it leaves out what the user writes");
    assert!(refusal("{{ raise_exception('not today') }}").contains("not today"));
    assert!(refusal("{{ open('/etc/passwd') }}").contains("open"));
}

#[test]
fn files_and_other_templates_are_out_of_reach() {
    for source in [
        "{% include 'secret' %}{{ messages }}",
        "{% extends 'secret' %}",
        "{% import 'secret' as s %}{{ messages }}",
    ] {
        assert!(!refusal(source).is_empty());
    }
}
