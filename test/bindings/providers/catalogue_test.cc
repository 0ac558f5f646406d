// SPDX-License-Identifier: Apache-2.0
//
// The built-in catalogue: every file of bindings/providers is good, and a request with the
// placeholder that it makes gets the key where the provider wants it.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include <catch2/catch.hpp>

#include "bindings/add_secret.h"
#include "bindings/provider.h"
#include "bindings/providers/table.h"
#include "bindings/stand_in.h"
#include "bindings/venues/table.h"
#include "test/support/data.h"
#include "test/support/script.h"

namespace keyswap::bindings {

namespace {

using keyswap::test::Script;

const std::string kValue = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4";  // base64, as some signers ask for

Provider provider_of(const ProviderFile& file) {
  auto parsed = parse_provider(file.name, file.text);
  INFO(file.name);
  for (const auto& issue : parsed.errors) {
    UNSCOPED_INFO(issue.line << ":" << issue.column << " " << issue.text);
  }
  REQUIRE(parsed.errors.empty());
  return std::move(parsed.provider);
}

std::string host_of(const Provider& provider) {
  return provider.host ? provider.host->example : "";
}

std::shared_ptr<const Bindings> bound(const Provider& provider, const std::string& placeholder) {
  const auto text = add_secret(
      "secrets: {}\n", "KEY", entry_of(provider, {"KEY", placeholder, host_of(provider)}), "");
  REQUIRE(text.has_value());
  return keyswap::test::bindings_of(*text);
}

StandInSeed seed_of(std::string_view name) {
  StandInSeed seed{};
  std::copy_n(name.begin(), std::min(name.size(), seed.size()), seed.begin());
  return seed;
}

StandIn placeholder_of(const Provider& provider) {
  const auto* const shape = provider.shapes.empty() ? nullptr : &provider.shapes.front();
  auto made = make_stand_in(shape, seed_of(provider.name), Checksum::wrong, {});
  REQUIRE(made.has_value());
  return std::move(made).value();
}

// A path that the pattern matches.
std::string path_of(const Scope& scope) {
  if (scope.paths.empty()) {
    return "/api/v3/account";
  }
  std::string path(scope.paths.front().text());
  for (auto at = path.find("**"); at != std::string::npos; at = path.find("**")) {
    path.replace(at, 2, "x");
  }
  std::ranges::replace(path, '*', 'y');
  return path;
}

// A path that the placement's pattern matches, with the placeholder in its place.
std::string with_placeholder(std::string_view pattern, const std::string& placeholder) {
  std::string path(pattern);
  path.replace(path.find("{secret}"), 8, placeholder);
  for (auto at = path.find("**"); at != std::string::npos; at = path.find("**")) {
    path.replace(at, 2, "x");
  }
  std::ranges::replace(path, '*', 'y');
  return path;
}

std::string decoded_basic(const std::string& head) {
  const auto at = head.find("Basic ");
  if (at == std::string::npos) {
    return "";
  }
  auto text = base::from_base64(head.substr(at + 6, head.find('\r', at) - at - 6));
  return text ? *text : "";
}

}  // namespace

TEST_CASE("there are more than forty providers, in order, each with a name of its own") {
  const auto files = provider_files();
  CHECK(files.size() >= 45);
  CHECK(std::ranges::is_sorted(files, {}, &ProviderFile::name));
  std::set<std::string_view> names;
  for (const auto& file : files) {
    CHECK(is_provider_name(file.name));
    names.insert(file.name);
  }
  CHECK(names.size() == files.size());
}

TEST_CASE("every provider's file is good, and what it would write is good in bindings.yaml") {
  for (const auto& file : provider_files()) {
    const auto provider = provider_of(file);
    const auto tried = try_provider(provider, all_venues());
    INFO(file.name);
    for (const auto& issue : tried.errors) {
      UNSCOPED_INFO(issue.text << " | " << issue.hint);
    }
    CHECK(tried.errors.empty());
    CHECK_FALSE(provider.shapes.empty());
  }
}

TEST_CASE("every provider's scope is curated: its paths, or a venue's own rules, bound it") {
  for (const auto& file : provider_files()) {
    const auto provider = provider_of(file);
    const auto bindings = bound(provider, placeholder_of(provider).text);
    INFO(file.name);
    for (const auto& scope : bindings->rules[0].scopes) {
      CHECK_FALSE(scope.methods.empty());
      CHECK((!scope.paths.empty() || bindings->rules[0].venue != nullptr));
      CHECK_FALSE(scope.host.is_wildcard);
    }
  }
}

TEST_CASE("the placeholders of all providers have their shapes, and none is inside another") {
  std::vector<std::string> all;
  for (const auto& file : provider_files()) {
    const auto provider = provider_of(file);
    const auto made = placeholder_of(provider);
    INFO(file.name << " " << made.text);
    CHECK(check_placeholder(made.text, true).has_value());
    for (const auto& other : all) {
      CHECK(made.text.find(other) == std::string::npos);
      CHECK(other.find(made.text) == std::string::npos);
    }
    all.push_back(made.text);
  }
}

TEST_CASE("a request with a provider's placeholder gets the key at each of its places") {
  for (const auto& file : provider_files()) {
    const auto provider = provider_of(file);
    const auto placeholder = placeholder_of(provider).text;
    const auto bindings = bound(provider, placeholder);
    const auto& rule = bindings->rules[0];
    const auto& scope = rule.scopes.back();
    for (const auto& place : rule.places) {
      ClientHead head{path_of(scope), {}};
      if (place.placement->kind() == "path") {
        head.target = with_placeholder(place.placement->name(), placeholder);
      }
      place.placement->show(placeholder, head);
      const auto& method = scope.methods.front();
      std::string request =
          method + " " + head.target + " HTTP/1.1\r\nHost: " + scope.host.host + "\r\n";
      for (const auto& [name, value] : head.fields) {
        request += name + ": " + value + "\r\n";
      }
      request += method == "POST" ? "Content-Length: 0\r\n\r\n" : "\r\n";
      auto script = Script(
          bindings, {flow::Protocol::https, {scope.host.host, scope.port, http::HostKind::name}});
      script.vault = {{"KEY", kValue}, {"KEY_SECRET", kValue}, {"KEY_PASSPHRASE", kValue}};
      script.client(request);
      INFO(file.name << " " << place.placement->kind() << "\n" << request << script.transcript());
      const auto sent = script.sent_upstream();
      CHECK(script.transcript().find("record allowed binding_matched KEY") != std::string::npos);
      CHECK((sent + decoded_basic(sent)).find(kValue) != std::string::npos);
      CHECK((sent + decoded_basic(sent)).find(placeholder) == std::string::npos);
    }
  }
}

TEST_CASE("every provider stands in its document, as it is") {
  std::ifstream in(keyswap::test::tree_path("docs/providers.md"));
  const std::string document(std::istreambuf_iterator<char>(in), {});
  for (const auto& file : provider_files()) {
    const auto provider = provider_of(file);
    std::string variables;
    for (const auto& variable : provider.variables) {
      variables += (variables.empty() ? "`" : ", `") + variable + "`";
    }
    const std::string row =
        "| `" + provider.name + "` | " + provider.title + " | " + variables + " |\n";
    INFO(row);
    CHECK(document.find(row) != std::string::npos);
  }
}

}  // namespace keyswap::bindings
