// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/import_fishnet.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#define TOML_EXCEPTIONS 0   // NOLINT(readability-identifier-naming): the library's names
#define TOML_HEADER_ONLY 1  // NOLINT(readability-identifier-naming)
#include <toml++/toml.h>

#include "bindings/parse.h"
#include "bindings/venues/table.h"
#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/cli/toml_check.h"
#include "proxy/http/target.h"
#include "vault/secret_name.h"

namespace keyswap::cli {

namespace {

// --- reading ---

// The first thing that is wrong with the file.
struct Mistake {
  std::optional<Failure> failure;

  void note(const toml::node& node, const std::string& what) {
    if (!failure) {
      failure = Failure{Exit::usage,
                        "line " + std::to_string(node.source().begin.line) + ": " + what,
                        "is it the file that Fishnet reads?"};
    }
  }
};

// A table whose keys are known, with Fishnet's defaults for those that are not there.
class Section {
 public:
  Section(const toml::table& table, std::string name, Mistake& mistake)
      : table_(table), name_(std::move(name)), mistake_(mistake) {}

  std::string text(std::string_view key, std::string_view fallback) {
    return value<std::string>(key, std::string(fallback), "text");
  }

  bool flag(std::string_view key, bool fallback) { return value<bool>(key, fallback, "a flag"); }

  double number(std::string_view key, double fallback) {
    const double found = value<double>(key, fallback, "a number");
    return std::isfinite(found) && found >= 0 ? found : 0;
  }

  std::vector<std::string> texts(std::string_view key) {
    read_.emplace_back(key);
    std::vector<std::string> found;
    const auto* const node = table_.get(key);
    const auto* const list = node == nullptr ? nullptr : node->as_array();
    if (node != nullptr && list == nullptr) {
      mistake_.note(*node, "`" + name_ + "." + std::string(key) + "` must be a list");
      return found;
    }
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
      if (const auto item = (*list)[i].value<std::string>()) {
        found.push_back(*item);
      }
    }
    return found;
  }

  // The keys nobody asked for.
  [[nodiscard]] std::vector<std::string> others() const {
    std::vector<std::string> keys;
    for (const auto& [key, node] : table_) {
      if (std::ranges::find(read_, key.str()) == read_.end()) {
        keys.emplace_back(key.str());
      }
    }
    return keys;
  }

  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  template <typename Value>
  Value value(std::string_view key, Value fallback, std::string_view kind) {
    read_.emplace_back(key);
    const auto* const node = table_.get(key);
    if (node == nullptr) {
      return fallback;
    }
    if (const auto found = node->value<Value>()) {
      return *found;
    }
    mistake_.note(*node, "`" + name_ + "." + std::string(key) + "` must be " + std::string(kind));
    return fallback;
  }

  const toml::table& table_;
  std::string name_;
  Mistake& mistake_;
  std::vector<std::string> read_;
};

// --- writing ---

// A double-quoted YAML scalar. Not `quoted`: of a std::string that may be the library's own.
std::string in_quotes(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
      result += "\\x" + base::to_hex({&c, 1});
    } else {
      result += c;
    }
  }
  return result + "\"";
}

// Without an exponent, and without digits that the file did not have.
std::string decimal(double number) {
  std::array<char, 400> text{};
  const auto written =
      std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  return {text.data(), written.ptr};
}

std::string new_placeholder(std::string_view prefix) {
  constexpr std::size_t kRandomBytes = 12;
  std::array<std::uint8_t, kRandomBytes> random{};
  base::random_bytes(random);
  return std::string(prefix) + "PLACEHOLDER-" +
         base::to_hex({reinterpret_cast<const char*>(random.data()), random.size()});
}

std::string to_upper_name(std::string_view text) {
  std::string name;
  for (const char c : base::to_upper(text)) {
    const bool is_plain = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    name += is_plain ? c : '_';
  }
  return name;
}

// What a route's name can be, made from any; "" if nothing is left.
std::string to_route_name(std::string_view text) {
  std::string name = base::to_lower(text).substr(0, base::bounds::kRouteNameBytesMax);
  std::ranges::replace_if(
      name,
      [](char c) {
        return !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_');
      },
      '-');
  return bindings::is_route_taken(name, bindings::all_venues()) ? name + "-service" : name;
}

class Converter {
 public:
  Outcome<FishnetImport> convert(const toml::table& file) {
    for (const auto& [key, node] : file) {
      take(std::string(key.str()), node);
    }
    if (mistake_.failure) {
      return *mistake_.failure;
    }
    if (!has_llm_) {
      left_out("llm",
               "it is not in the file; OpenAI and Anthropic, which Fishnet serves all the "
               "same, need an entry of `secrets` each");
    }
    result_.bindings =
        "# Made by `keyswap import fishnet`; what changed meaning was said then.\n"
        "version: 1\n";
    // A route asks for a caller's token in any case; a list would ask forwarded requests, too.
    result_.bindings += secrets_.empty() ? "" : "secrets:\n" + secrets_;
    result_.bindings += customs_.empty() ? "" : "custom:\n" + customs_;
    result_.bindings += secrets_.empty() && customs_.empty() ? "secrets: {}\n" : "";
    if (!secrets_.empty() || !customs_.empty()) {
      changed("callers",
              "a route asks for a caller's token (Keyswap-Caller): keyswap caller add NAME");
    }
    return std::move(result_);
  }

 private:
  void take(const std::string& key, const toml::node& node) {
    const auto* const table = node.as_table();
    if (table == nullptr) {
      left_out(key, "Fishnet has no such key");
    } else if (key == "binance") {
      take_binance(Section(*table, key, mistake_));
    } else if (key == "custom") {
      for (const auto& [name, service] : *table) {
        take_custom(std::string(name.str()), service);
      }
    } else if (key == "llm") {
      take_llm(Section(*table, key, mistake_));
    } else if (key == "onchain") {
      left_out(key, "keyswap signs no transactions of a chain");
    } else if (key == "http") {
      left_out(key, "waits and pools have fixed bounds (keyswap help limits)");
    } else if (key == "alerts" || key == "dashboard") {
      left_out(key, "there is none: follow the audit log with `keyswap audit tail`");
    } else {
      left_out(key, "Fishnet has no such section");
    }
  }

  // The authority of an https URL with a port of its own if it needs one; nothing, and why, else.
  std::optional<http::AbsoluteTarget> read_base_url(const Section& section,
                                                    const std::string& url) {
    auto parsed = http::parse_absolute(url);
    if (!parsed) {
      left_out(section.name(), "its base_url is no URL of a host");
      return std::nullopt;
    }
    if (parsed->protocol != http::AbsoluteTarget::Protocol::https) {
      left_out(section.name(), "its base_url is plain http, over which no secret is ever sent");
      return std::nullopt;
    }
    return *std::move(parsed);
  }

  void take_binance(Section section) {
    const bool is_enabled = section.flag("enabled", false);
    const std::string url = section.text("base_url", "https://api.binance.com");
    const double order_max = section.number("max_order_value_usd", 500);
    const double volume_max = section.number("daily_volume_cap_usd", 2500);
    const bool may_cancel_all = section.flag("allow_delete_open_orders", false);
    const double window = section.number("recv_window_ms", 5000);
    say_others(section);
    if (!is_enabled) {
      left_out("binance", "it is not enabled");
      return;
    }
    const auto target = read_base_url(section, url);
    if (!target) {
      return;
    }
    secrets_ += "  BINANCE:\n    placeholder: " + in_quotes(new_placeholder("binance-")) +
                "\n    inject: { type: binance, api_key: BINANCE_API_KEY, api_secret: "
                "BINANCE_API_SECRET, recv_window: " +
                in_quotes(decimal(window == 0 ? 5000 : window)) + " }\n    bindings:\n" +
                host_lines(target->authority);
    secrets_ += order_max > 0 ? "        max_order_usd: " + decimal(order_max) + "\n" : "";
    secrets_ += volume_max > 0 ? "        daily_volume_usd: " + decimal(volume_max) + "\n" : "";
    secrets_ += may_cancel_all ? "        endpoints: [\"DELETE /api/v3/openOrders\"]\n" : "";
    add_secret("BINANCE_API_KEY");
    add_secret("BINANCE_API_SECRET");
    changed("binance",
            "Fishnet lets tickers, klines and POST /api/v3/order through; here also all other "
            "market data and account reads, and cancels (keyswap help endpoints)");
    changed("binance",
            "the day's volume is reserved before an order is sent, and kept when its outcome is "
            "unknown; Fishnet counts answered orders only");
  }

  void take_custom(const std::string& name, const toml::node& node) {
    const auto* const table = node.as_table();
    const std::string where = "custom." + name;
    if (table == nullptr) {
      mistake_.note(node, "`" + where + "` must be a table");
      return;
    }
    Section section(*table, where, mistake_);
    const std::string url = section.text("base_url", "");
    const std::string header = section.text("auth_header", "Authorization");
    const std::string prefix = section.text("auth_value_prefix", "Bearer ");
    const std::string variable = section.text("auth_value_env", "");
    const auto blocked = section.texts("blocked_endpoints");
    const double rate = section.number("rate_limit", 100);
    const double window = section.number("rate_limit_window_seconds", 3600);
    say_others(section);
    const std::string route = to_route_name(name);
    if (!read_base_url(section, url) || !is_new_route(where, route)) {
      return;
    }
    const std::string credential =
        vault::SecretName::parse(variable) ? variable : to_upper_name(name) + "_KEY";
    customs_ += "  " + route + ":\n    base_url: " + in_quotes(url) +
                "\n    credential: " + in_quotes(credential) +
                "\n    auth_header: " + in_quotes(header) +
                "\n    auth_value_prefix: " + in_quotes(prefix) + "\n";
    write_blocked(where, blocked);
    customs_ += "    rate_limit: " + decimal(std::floor(rate)) + "\n";
    if (rate > 0) {
      customs_ +=
          "    rate_limit_window_seconds: " + decimal(std::max(1.0, std::floor(window))) + "\n";
    }
    add_secret(credential);
    if (route != name) {
      changed(where, "its route is /custom/" + route + "/");
    }
    if (!variable.empty()) {
      changed(where,
              "the credential comes from the vault only, never from the variable " + variable);
    }
  }

  void write_blocked(const std::string& where, const std::vector<std::string>& blocked) {
    std::string list;
    for (const std::string& entry : blocked) {
      const auto space = std::min(entry.find(' '), entry.size());
      const auto path = std::min(entry.find_first_not_of(' ', space), entry.size());
      if (path == entry.size() || entry[path] != '/') {
        left_out(where, "an entry of blocked_endpoints that is no method and path");
        continue;
      }
      list += (list.empty() ? "" : ", ") + in_quotes(entry);
    }
    if (!list.empty()) {
      customs_ += "    blocked_endpoints: [" + list + "]\n";
      changed(where,
              "blocked endpoints also match other spellings of a path: case, %-escapes, '..'");
    }
  }

  void take_llm(Section section) {
    has_llm_ = true;
    const double rate = section.number("rate_limit_per_minute", 60);
    for (const std::string& key : section.others()) {
      left_out("llm." + key, "prompts, models and spending are not looked at");
    }
    write_provider("OPENAI_API_KEY",
                   "sk-proj-",
                   "api.openai.com",
                   "{ header: Authorization, format: \"Bearer {secret}\" }",
                   rate);
    write_provider("ANTHROPIC_API_KEY",
                   "sk-ant-api03-",
                   "api.anthropic.com",
                   "{ header: x-api-key, format: \"{secret}\" }",
                   rate);
    changed("llm", "the rate limit is a token bucket for each binding and caller");
  }

  void write_provider(const std::string& name,
                      std::string_view prefix,
                      const std::string& host,
                      const std::string& inject,
                      double rate) {
    secrets_ += "  " + name + ":\n    placeholder: " + in_quotes(new_placeholder(prefix)) +
                "\n    inject: " + inject + "\n    bindings:\n      - host: " + host + "\n";
    if (rate > 0) {
      secrets_ += "        rate_limit: { requests: " + decimal(std::floor(rate)) + ", per: 1m }\n";
    }
    add_secret(name);
  }

  static std::string host_lines(const http::Authority& authority) {
    std::string lines = "      - host: " + in_quotes(authority.host) + "\n";
    constexpr std::uint16_t kHttpsPort = 443;
    if (authority.port != kHttpsPort) {
      lines += "        port: " + std::to_string(authority.port) + "\n";
    }
    return lines;
  }

  bool is_new_route(const std::string& where, const std::string& route) {
    if (route.empty() || std::ranges::find(routes_, route) != routes_.end()) {
      left_out(where, "its name makes no route, or the same as another's");
      return false;
    }
    routes_.push_back(route);
    return true;
  }

  void say_others(const Section& section) {
    for (const std::string& key : section.others()) {
      left_out(section.name() + "." + key, "Fishnet has no such key");
    }
  }

  void add_secret(const std::string& name) {
    const std::string line = "to do: keyswap secret add " + name;
    if (std::ranges::find(result_.report, line) == result_.report.end()) {
      result_.report.push_back(line);
    }
  }

  void changed(const std::string& where, const std::string& what) {
    result_.report.push_back("changed: " + where + ": " + what);
  }

  void left_out(const std::string& where, const std::string& why) {
    result_.report.push_back("left out: " + where + ": " + why);
  }

  Mistake mistake_;
  FishnetImport result_;
  std::string secrets_;
  std::string customs_;
  std::vector<std::string> routes_;
  bool has_llm_ = false;
};

}  // namespace

Outcome<FishnetImport> import_fishnet(std::string_view toml) {
  if (const auto mistake = check_toml(toml)) {
    return Failure{Exit::usage,
                   "line " + std::to_string(mistake->line) + ": " + mistake->what,
                   "is it the file that Fishnet reads?"};
  }
  const auto parsed = toml::parse(toml);
  if (!parsed) {
    return Failure{Exit::usage,
                   "line " + std::to_string(parsed.error().source().begin.line) +
                       " is not TOML: " + std::string(parsed.error().description()),
                   "give the file that Fishnet reads, fishnet.toml"};
  }
  return Converter().convert(parsed.table());
}

}  // namespace keyswap::cli
