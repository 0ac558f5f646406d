// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/head_parser.h"

#include <algorithm>
#include <array>
#include <utility>

#include <llhttp.h>

#include "proxy/http/grammar.h"

namespace keyswap::http {

// I9: the other half of llhttp 8 has known request-smuggling holes.
static_assert(LLHTTP_STRICT_MODE == 1, "build llhttp with LLHTTP_STRICT_MODE=1");

namespace {

// What llhttp reports of one head. Names and values are views into the bytes it was given.
struct Parsed {
  HeaderList fields;
  std::string_view target;
  std::string_view name;
  std::string_view value;
};

// llhttp may report one span in several pieces; they lie one after the other.
void extend(std::string_view& span, const char* at, std::size_t size) {
  const bool continues = !span.empty() && span.data() + span.size() == at;
  span = continues ? std::string_view(span.data(), span.size() + size) : std::string_view(at, size);
}

Parsed& parsed_of(llhttp_t* parser) {
  return *static_cast<Parsed*>(parser->data);
}

int on_url(llhttp_t* parser, const char* at, std::size_t size) noexcept {
  if (size > 0) {  // the end of it may be told apart, from where the rest of the head begins
    extend(parsed_of(parser).target, at, size);
  }
  return 0;
}

int on_header_field(llhttp_t* parser, const char* at, std::size_t size) noexcept {
  extend(parsed_of(parser).name, at, size);
  return 0;
}

int on_header_value(llhttp_t* parser, const char* at, std::size_t size) noexcept {
  extend(parsed_of(parser).value, at, size);
  return 0;
}

int on_header_value_complete(llhttp_t* parser) noexcept {
  Parsed& parsed = parsed_of(parser);
  parsed.fields.add(parsed.name, grammar::trim(parsed.value));
  parsed.name = parsed.value = {};
  return 0;
}

// The head is all that llhttp is asked about.
int on_headers_complete(llhttp_t* /*parser*/) noexcept {
  return HPE_PAUSED;
}

constexpr llhttp_settings_t make_settings() {
  llhttp_settings_t settings{};
  settings.on_url = on_url;
  settings.on_header_field = on_header_field;
  settings.on_header_value = on_header_value;
  settings.on_header_value_complete = on_header_value_complete;
  settings.on_headers_complete = on_headers_complete;
  return settings;
}

constexpr llhttp_settings_t kSettings = make_settings();

// llhttp reads few methods, and those of other protocols in their own way. Of all that may come
// CONNECT alone changes how the rest of a head is read (its target is an authority), so every other
// one is read as POST. The method itself is LineCheck's to judge, and what it means proxy/flow's.
llhttp_method_t stand_in_for(std::string_view method) {
  return method == "CONNECT" ? HTTP_CONNECT : HTTP_POST;
}

// What of a target is shown to llhttp, which knows no byte beyond ASCII: with such a byte in its
// query the path alone. The target, too, is LineCheck's to judge.
std::string_view shown_of(std::string_view target) {
  return grammar::is_visible_text(target) ? target : target.substr(0, target.find('?'));
}

llhttp_errno_t run_on_request(llhttp_t& parser,
                              Parsed& parsed,
                              std::string_view head,
                              const RequestLine& line) {
  llhttp_init(&parser, HTTP_REQUEST, &kSettings);
  parser.data = &parsed;
  const std::string_view stand_in = llhttp_method_name(stand_in_for(line.method));
  const std::string_view shown = shown_of(line.target);
  const std::size_t target_at = line.method.size() + 1;
  const std::array<std::string_view, 3> pieces = {stand_in,
                                                  head.substr(line.method.size(), 1 + shown.size()),
                                                  head.substr(target_at + line.target.size())};
  llhttp_errno_t result = HPE_OK;
  for (std::size_t i = 0; i < pieces.size() && result == HPE_OK; ++i) {
    result = llhttp_execute(&parser, pieces.at(i).data(), pieces.at(i).size());
  }
  return result;
}

base::Note note_of(llhttp_errno_t error) {
  if (error == HPE_UNEXPECTED_CONTENT_LENGTH) {
    return "Content-Length twice, or together with Transfer-Encoding";
  }
  if (error == HPE_INVALID_CONTENT_LENGTH) {
    return "Content-Length is not one plain number";
  }
  if (error == HPE_INVALID_TRANSFER_ENCODING) {
    return "Transfer-Encoding is not chunked alone";
  }
  if (error == HPE_INVALID_URL) {
    return "the request target is not a URL";
  }
  return "the HTTP parser refuses the head";
}

// Did it read the head to its end, and as many fields as there are lines?
base::Status check_fields(llhttp_errno_t result,
                          const llhttp_t& parser,
                          const Parsed& parsed,
                          std::string_view head,
                          std::size_t field_count) {
  if (result != HPE_PAUSED) {
    return base::Error{base::Errc::invalid_input, note_of(result)};
  }
  const bool reached_the_end = llhttp_get_error_pos(&parser) == head.data() + head.size();
  if (!reached_the_end || parsed.fields.size() != field_count) {
    return base::Error{base::Errc::invalid_input, "two parsers read different fields in the head"};
  }
  return {};
}

// "HTTP/1.0" or "HTTP/1.1"
bool is_version(llhttp_t& parser, std::string_view version) {
  const int minor = version.back() == '1' ? 1 : 0;
  return llhttp_get_http_major(&parser) == 1 && llhttp_get_http_minor(&parser) == minor;
}

}  // namespace

base::Result<HeaderList> parse_request_head(std::string_view head,
                                            const RequestLine& line,
                                            std::size_t field_count) {
  Parsed parsed;
  parsed.fields.reserve(field_count);
  llhttp_t parser;
  const llhttp_errno_t result = run_on_request(parser, parsed, head, line);
  KS_TRY(check_fields(result, parser, parsed, head, field_count));
  const auto method = static_cast<llhttp_method_t>(llhttp_get_method(&parser));
  if (shown_of(line.target) != parsed.target || method != stand_in_for(line.method) ||
      !is_version(parser, line.version)) {
    return base::Error{base::Errc::invalid_input, "two parsers read different request lines"};
  }
  return std::move(parsed.fields);
}

base::Result<HeaderList> parse_response_head(std::string_view head,
                                             const StatusLine& line,
                                             std::size_t field_count) {
  Parsed parsed;
  parsed.fields.reserve(field_count);
  llhttp_t parser;
  llhttp_init(&parser, HTTP_RESPONSE, &kSettings);
  parser.data = &parsed;
  const llhttp_errno_t result = llhttp_execute(&parser, head.data(), head.size());
  KS_TRY(check_fields(result, parser, parsed, head, field_count));
  if (line.status != llhttp_get_status_code(&parser) || !is_version(parser, line.version)) {
    return base::Error{base::Errc::invalid_input, "two parsers read different status lines"};
  }
  return std::move(parsed.fields);
}

bool is_parser_strict() {
  // Each is accepted by the loose parser of llhttp 8.1.0 and refused by the strict one.
  constexpr std::array<std::string_view, 3> kLooseOnly = {
      "GET / HTTP/1.1\r\nX:\rTransfer-Encoding: chunked\r\n\r\n",  // CVE-2023-30589
      "GET / HTTP/1.1\r\nHost: h\r\n\rx",                          // CVE-2025-23167
      "GET / HTTP/1.1\r\nA B: c\r\n\r\n",                          // a space in a name
  };
  return std::none_of(kLooseOnly.begin(), kLooseOnly.end(), [](std::string_view head) {
    llhttp_t parser;
    Parsed parsed;
    const RequestLine line = LineCheck::split_request_line(head.substr(0, head.find('\r')));
    return run_on_request(parser, parsed, head, line) == HPE_PAUSED;
  });
}

}  // namespace keyswap::http
