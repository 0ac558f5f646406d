// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/message_rules.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <limits>
#include <string_view>

#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/http/grammar.h"

namespace keyswap::http {

namespace {

// The fields that decide how a message is read, each with how often it was there.
struct Slot {
  std::size_t count = 0;
  std::string_view value;  // of the last one
};

struct FramingFields {
  Slot host;
  Slot content_length;
  Slot transfer_encoding;
  Slot expect;
  std::size_t connection_options = 0;
};

base::Result<FramingFields> collect(const HeaderList& fields);
base::Result<Framing> framing_of(const FramingFields& found, Version version);

base::Error refused(base::Note note) {
  return {base::Errc::invalid_input, note};
}

bool has_body(const Framing& framing) {
  return framing.kind == Framing::Kind::chunked || framing.length > 0;
}

// Exactly one Host, with one name in it (RFC 9112 section 3.2). CONNECT alone may go without:
// Python's http.client leaves it out, and the target says the same.
base::Status judge_host(const Slot& host, std::string_view method) {
  if (host.count == 0 && method == "CONNECT") {
    return {};
  }
  if (host.count != 1) {
    return refused("there must be exactly one Host field");
  }
  // Keeps out lists, user information, paths and escapes; proxy/flow parses the name itself.
  if (host.value.empty() || !grammar::all_are(host.value, grammar::kHost)) {
    return refused("the Host field is not one host");
  }
  return {};
}

// RFC 9110 section 10.1.1: a list. HTTP/1.0 does not know 100-continue, and without a body there is
// nothing to wait for.
void read_expect(RequestHead& head) {
  const bool can_wait = head.version == Version::http_1_1 && has_body(head.framing);
  for (const Field& field : head.fields) {
    if (!grammar::is_name(field.name, "expect")) {
      continue;
    }
    // One that we do not know decides, whatever comes behind it.
    head.expects_more = grammar::any_element(field.value, [&](std::string_view expectation) {
      const bool is_continue = base::equal_ignoring_case(expectation, "100-continue");
      head.expects_continue = head.expects_continue || (is_continue && can_wait);
      return !is_continue;
    });
    if (head.expects_more) {
      return;
    }
  }
}

// 101: the bytes after this head are no HTTP any more (RFC 9110 section 15.2.2), so it has neither
// a body nor a next message. Sections 8.6 of RFC 9110 and 6.1 of RFC 9112 forbid what would say
// otherwise.
base::Status judge_switch(const FramingFields& found, ResponseHead& head, AnswerTo answer_to) {
  if (answer_to != AnswerTo::upgrade_request) {
    return refused("101 Switching Protocols, which was not asked for");
  }
  if (found.content_length.count > 0 || found.transfer_encoding.count > 0) {
    return refused("101 Switching Protocols with the framing of a body");
  }
  head.framing = {};
  head.keeps_alive = false;
  return {};
}

}  // namespace

base::Status judge_request(RequestHead& head) {
  const auto found = collect(head.fields);
  if (!found) {
    return found.error();
  }
  KS_TRY(judge_host(found->host, head.method));
  const auto framing = framing_of(*found, head.version);
  if (!framing) {
    return framing.error();
  }
  head.framing = *framing;
  if (head.method == "CONNECT" && has_body(head.framing)) {
    return refused("CONNECT with a body");
  }
  if (found->expect.count > 0) {
    read_expect(head);
  }
  // RFC 9112 section 9.3: a proxy keeps no connection of an HTTP/1.0 client.
  head.keeps_alive =
      head.version == Version::http_1_1 && !head.fields.has_token("connection", "close");
  return {};
}

base::Status judge_response(ResponseHead& head, AnswerTo answer_to) {
  const auto found = collect(head.fields);
  if (!found) {
    return found.error();
  }
  if (head.status == 101) {
    return judge_switch(*found, head, answer_to);
  }
  // Also where the body is left out: contradictory framing is refused whatever it would mean here.
  const auto framing = framing_of(*found, head.version);
  if (!framing) {
    return framing.error();
  }
  const bool is_bodiless = head.is_interim() || head.status == 204 || head.status == 304 ||
                           answer_to == AnswerTo::head_request;
  if (is_bodiless) {
    head.framing = {};  // RFC 9112 section 6.3, rule 1
  } else if (framing->kind == Framing::Kind::none) {
    head.framing = {Framing::Kind::until_close, 0};  // rule 8
  } else {
    head.framing = *framing;
  }
  const bool wants_close = head.fields.has_token("connection", "close");
  const bool stays_open =
      head.version == Version::http_1_1 || head.fields.has_token("connection", "keep-alive");
  head.keeps_alive = stays_open && !wants_close && head.framing.kind != Framing::Kind::until_close;
  return {};
}

namespace {

constexpr std::array<std::string_view, 8> kFramingNames = {"host",
                                                           "content-length",
                                                           "transfer-encoding",
                                                           "connection",
                                                           "upgrade",
                                                           "expect",
                                                           "te",
                                                           "trailer"};

bool equal_but_for_underscores(std::string_view name, std::string_view framing_name) {
  return std::equal(
      name.begin(), name.end(), framing_name.begin(), framing_name.end(), [](char x, char y) {
        return (x == '_' ? '-' : base::to_lower(x)) == y;
      });
}

// "Transfer_Encoding": what CGI and its heirs cannot tell from the field it resembles.
bool is_lookalike(std::string_view name) {
  return name.find('_') != std::string_view::npos &&
         std::any_of(kFramingNames.begin(), kFramingNames.end(), [name](std::string_view framing) {
           return equal_but_for_underscores(name, framing);
         });
}

Slot* slot_of(FramingFields& found, std::string_view name) {
  const auto is = [name](std::string_view known) {
    return base::equal_ignoring_case(name, known);
  };
  switch (name.size()) {
    case 4:
      return is("host") ? &found.host : nullptr;
    case 6:
      return is("expect") ? &found.expect : nullptr;
    case 14:
      return is("content-length") ? &found.content_length : nullptr;
    case 17:
      return is("transfer-encoding") ? &found.transfer_encoding : nullptr;
    default:
      return nullptr;
  }
}

// Empty ones too: RFC 9110 section 5.6.1.2 asks to ignore a reasonable number of them, and no more.
std::size_t count_elements(std::string_view list) {
  return static_cast<std::size_t>(std::count(list.begin(), list.end(), ',')) + 1;
}

base::Result<FramingFields> collect(const HeaderList& fields) {
  FramingFields found;
  for (const Field& field : fields) {
    if (is_lookalike(field.name)) {
      return refused("a field name that looks like that of a framing field");
    }
    if (Slot* slot = slot_of(found, field.name); slot != nullptr) {
      ++slot->count;
      slot->value = field.value;
    } else if (grammar::is_name(field.name, "connection") ||
               grammar::is_name(field.name, "upgrade")) {
      found.connection_options += count_elements(field.value);
    }
  }
  if (found.connection_options > base::bounds::kConnectionOptionsMax) {
    return refused("more than 64 options of Connection and protocols of Upgrade");
  }
  return found;
}

// One spelling of each number: no sign, no list, no leading zero; at most 2^63-1, so that no
// recipient overflows.
base::Result<Framing> parse_length(std::string_view text) {
  constexpr std::size_t kDigitsMax = 19;
  if (text.empty() || text.size() > kDigitsMax || !grammar::all_are(text, grammar::kDigit) ||
      (text.size() > 1 && text.front() == '0')) {
    return refused("Content-Length is not one plain number");
  }
  std::uint64_t length = 0;
  std::from_chars(text.data(), text.data() + text.size(), length);
  if (length > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    return refused("Content-Length is too large");
  }
  return Framing{Framing::Kind::length, length};
}

// RFC 9112 section 6.3, with every "ought to" a refusal.
base::Result<Framing> framing_of(const FramingFields& found, Version version) {
  if (found.transfer_encoding.count > 0) {
    if (found.content_length.count > 0) {
      return refused("Transfer-Encoding and Content-Length in one message");
    }
    if (version == Version::http_1_0) {
      return refused("Transfer-Encoding in an HTTP/1.0 message");
    }
    if (found.transfer_encoding.count > 1 ||
        !base::equal_ignoring_case(found.transfer_encoding.value, "chunked")) {
      return refused("Transfer-Encoding is not chunked alone");
    }
    return Framing{Framing::Kind::chunked, 0};
  }
  if (found.content_length.count > 1) {
    return refused("more than one Content-Length field");
  }
  if (found.content_length.count == 1) {
    return parse_length(found.content_length.value);
  }
  return Framing{};
}

}  // namespace

}  // namespace keyswap::http
