// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/sigv4_canonical.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "bindings/digest.h"
#include "proxy/http/grammar.h"

namespace keyswap::bindings::sigv4 {

namespace {

namespace grammar = http::grammar;

bool is_unreserved(char c) {
  return grammar::is(c, grammar::kName) || c == '.' || c == '~';
}

// Of a hex digit.
unsigned value_of(char digit) {
  const char lower = base::to_lower(digit);
  return lower >= 'a' ? static_cast<unsigned>(lower - 'a') + 10U
                      : static_cast<unsigned>(lower - '0');
}

base::Error is_full() {
  return {base::Errc::limit_exceeded, "the canonical request is too long"};
}

class StringSink final : public base::ByteSink {
 public:
  explicit StringSink(std::string& text) : text_(text) {}

  [[nodiscard]] bool append(std::string_view bytes) override {
    text_.append(bytes);
    return true;
  }

 private:
  std::string& text_;
};

std::string encoded(std::string_view bytes) {
  std::string text;
  StringSink sink(text);
  static_cast<void>(append_encoded(bytes, "", sink));
  return text;
}

// "/a/./b//../c/" -> "/a/c/"
std::string without_dots(std::string_view path) {
  std::vector<std::string_view> kept;
  for (std::string_view rest = path; !rest.empty();) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view segment = rest.substr(0, end);
    if (segment == ".." && !kept.empty()) {
      kept.pop_back();
    } else if (!segment.empty() && segment != "." && segment != "..") {
      kept.push_back(segment);
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::string clean;
  for (const std::string_view segment : kept) {
    clean.append("/").append(segment);
  }
  return path.ends_with('/') || clean.empty() ? clean + "/" : clean;
}

base::Status write_path(const CanonicalRequest& request, base::ByteSink& out) {
  std::string path;
  if (request.is_s3) {
    auto bytes = decoded(request.path);
    if (!bytes) {
      return bytes.error();
    }
    path = bytes->empty() ? "/" : std::move(*bytes);
  } else {
    path = without_dots(request.path);
  }
  return append_encoded(path, "/", out) ? base::Status{} : is_full();
}

bool write_query(std::span<const Parameter> query, base::ByteSink& out) {
  bool fits = true;
  std::string_view separator;
  for (const Parameter& one : query) {
    const std::string_view value = one.locked.empty() ? std::string_view(one.value) : one.locked;
    fits = fits && out.append(separator) && out.append(one.name) && out.append("=") &&
           out.append(value);
    separator = "&";
  }
  return fits;
}

// Without space around it, and with one in place of several.
bool write_value(std::string_view value, base::ByteSink& out) {
  value = grammar::trim(value);
  bool fits = true;
  while (fits && !value.empty()) {
    const std::size_t run = std::min(value.find("  "), value.size());
    fits = out.append(value.substr(0, std::min(run + 1, value.size())));
    value.remove_prefix(run);
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  }
  return fits;
}

std::string_view signed_value(const http::Field& field) {
  return grammar::is_name(field.name, "host") ? without_port(field.value) : field.value;
}

bool write_field(std::string_view name, std::span<const http::Field> fields, base::ByteSink& out) {
  bool fits = out.append(name) && out.append(":");
  std::string_view separator;
  for (const http::Field& field : fields) {
    if (grammar::is_name(field.name, name)) {
      fits = fits && out.append(separator) && write_value(signed_value(field), out);
      separator = ",";
    }
  }
  return fits && out.append("\n");
}

bool write_names(std::span<const std::string> names, base::ByteSink& out) {
  bool fits = true;
  std::string_view separator;
  for (const std::string& name : names) {
    fits = fits && out.append(separator) && out.append(name);
    separator = ";";
  }
  return fits;
}

}  // namespace

std::string_view without_port(std::string_view host) {
  constexpr std::string_view kDefaultPort = ":443";
  return host.ends_with(kDefaultPort) ? host.substr(0, host.size() - kDefaultPort.size()) : host;
}

bool append_encoded(std::string_view bytes, std::string_view kept, base::ByteSink& out) {
  constexpr std::string_view kHexDigits = "0123456789ABCDEF";
  bool fits = true;
  while (fits && !bytes.empty()) {
    const auto* const end = std::ranges::find_if_not(
        bytes, [&](char c) { return is_unreserved(c) || kept.find(c) != std::string_view::npos; });
    const auto plain = static_cast<std::size_t>(end - bytes.begin());
    fits = out.append(bytes.substr(0, plain));
    bytes.remove_prefix(plain);
    if (fits && !bytes.empty()) {
      const auto byte = static_cast<unsigned char>(bytes.front());
      const std::array<char, 3> escape = {'%', kHexDigits[byte >> 4U], kHexDigits[byte & 15U]};
      fits = out.append({escape.data(), escape.size()});
      bytes.remove_prefix(1);
    }
  }
  return fits;
}

base::Result<std::string> decoded(std::string_view encoded) {
  std::string text;
  text.reserve(encoded.size());
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] != '%') {
      text += encoded[i];
      continue;
    }
    if (i + 2 >= encoded.size() || !grammar::all_are(encoded.substr(i + 1, 2), grammar::kHex)) {
      return base::Error{base::Errc::invalid_input, "a '%' that no two hex digits follow"};
    }
    text += static_cast<char>(value_of(encoded[i + 1]) << 4U | value_of(encoded[i + 2]));
    i += 2;
  }
  return text;
}

base::Result<std::vector<Parameter>> read_query(std::string_view query) {
  if (query.find('+') != std::string_view::npos) {
    return base::Error{base::Errc::invalid_input, "a raw '+' in the query is read in two ways"};
  }
  std::vector<Parameter> all;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    if (pair.empty()) {
      continue;
    }
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const auto name = decoded(pair.substr(0, equals));
    const auto value = decoded(pair.substr(std::min(equals + 1, pair.size())));
    if (!name || !value) {
      return (name ? value : name).error();
    }
    all.push_back({encoded(*name), encoded(*value)});
  }
  std::ranges::sort(all, [](const Parameter& a, const Parameter& b) {
    return std::tie(a.name, a.value) < std::tie(b.name, b.value);
  });
  return all;
}

base::Status write_canonical(const CanonicalRequest& request, base::ByteSink& out) {
  if (!out.append(request.method) || !out.append("\n")) {
    return is_full();
  }
  KS_TRY(write_path(request, out));
  bool fits = out.append("\n") && write_query(request.query, out) && out.append("\n");
  for (const std::string& name : request.signed_names) {
    fits = fits && write_field(name, request.fields, out);
  }
  fits = fits && out.append("\n") && write_names(request.signed_names, out) && out.append("\n") &&
         out.append(request.payload_hash);
  return fits ? base::Status{} : is_full();
}

base::Result<std::string> canonical_hash(const CanonicalRequest& request) {
  Hasher hasher;
  KS_TRY(hasher.begin(HashKind::sha256));
  KS_TRY(write_canonical(request, hasher));
  Digest digest;
  KS_TRY(hasher.finish(digest));
  return base::to_hex(digest.view());
}

}  // namespace keyswap::bindings::sigv4
