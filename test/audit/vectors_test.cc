// SPDX-License-Identifier: Apache-2.0
//
// The cases of test/vectors/audit: small audit folders with the verdict each must get, made by
// another program than this one. Also the differential test against
// examples/verify-audit/verify_audit.py.
#include <cstdio>
#include <random>

#include <catch2/catch.hpp>

#include "test/audit/support.h"
#include "test/support/data.h"

namespace keyswap::audit {

namespace {

using test::add_unsigned;
using test::join;
using test::make_log;
using test::put_archived;
using test::read_file;
using test::remove_until;
using test::split_lines;
using test::statement_of;
using test::TempFolder;
using test::TestKey;
using test::write_file;

struct Case {
  std::string name;
  std::map<std::string, std::string> head;
  std::map<std::string, std::string> files;
};

Case parse_case(const std::filesystem::path& path) {
  Case parsed;
  parsed.name = path.stem().string();
  std::string* file = nullptr;
  bool is_torn = false;
  for (std::string line : split_lines(read_file(path.string()))) {
    if (line.starts_with("== ")) {
      line.pop_back();
      const std::size_t note = line.find(" (no newline at the end)");
      if (is_torn) {
        file->pop_back();
      }
      is_torn = note != std::string::npos;
      file = &parsed.files[line.substr(3, note == std::string::npos ? note : note - 3)];
    } else if (file != nullptr) {
      *file += line;
    } else if (line[0] != '#') {
      const std::size_t colon = line.find(": ");
      REQUIRE(colon != std::string::npos);
      parsed.head[line.substr(0, colon)] = line.substr(colon + 2, line.size() - colon - 3);
    }
  }
  if (is_torn) {
    file->pop_back();
  }
  return parsed;
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const auto& entry :
       std::filesystem::directory_iterator(keyswap::test::tree_path("test/vectors/audit"))) {
    cases.push_back(parse_case(entry.path()));
  }
  REQUIRE(cases.size() > 40);
  return cases;
}

void write_files(const TempFolder& folder, const std::map<std::string, std::string>& files) {
  for (const auto& [name, content] : files) {
    write_file(folder.file(name), content);
  }
}

std::map<std::string, std::string> files_of(const TempFolder& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    files[entry.path().filename().string()] = read_file(entry.path().string());
  }
  return files;
}

// What the Python program says of each folder, one character a folder: 1 intact, 0 not.
std::string python_verdicts(const std::vector<std::string>& folders) {
  const TempFolder work;
  std::string list;
  for (const std::string& folder : folders) {
    list += folder + "\n";
  }
  write_file(work.file("folders"), list);
  // With the library in the place of a process for each signature where it is there; the first
  // folders take the other way, so that it is tried too.
  write_file(
      work.file("run.py"),
      "import sys\n"
      "sys.dont_write_bytecode = True\n"
      "sys.path.insert(0, sys.argv[1])\n"
      "import verify_audit\n"
      "fast = verify_audit.openssl_verifies\n"
      "try:\n"
      "    from cryptography.hazmat.primitives.asymmetric import ed25519\n"
      "    def fast(key, message, signature):\n"
      "        try:\n"
      "            ed25519.Ed25519PublicKey.from_public_bytes(key).verify(signature, message)\n"
      "            return True\n"
      "        except Exception:\n"
      "            return False\n"
      "except ImportError:\n"
      "    pass\n"
      "for number, folder in enumerate(open(sys.argv[2]).read().split()):\n"
      "    try:\n"
      "        ways = {} if number < 5 else {'verifies': fast}\n"
      "        problem = verify_audit.check(folder, **ways)\n"
      "    except (OSError, ValueError) as error:\n"
      "        problem = str(error)\n"
      "    sys.stdout.write('0' if problem else '1')\n");
  const std::string command = "python3 '" + work.file("run.py") + "' '" +
                              keyswap::test::tree_path("examples/verify-audit") + "' '" +
                              work.file("folders") + "' 2>'" + work.file("err") + "'";
  FILE* const pipe = ::popen(command.c_str(), "r");  // NOLINT(cert-env33-c): a test's own words
  REQUIRE(pipe != nullptr);
  std::string verdicts;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
    verdicts += static_cast<char>(c);
  }
  const int status = ::pclose(pipe);
  CAPTURE(read_file(work.file("err")));
  REQUIRE(status == 0);
  REQUIRE(verdicts.size() == folders.size());
  return verdicts;
}

using Random = std::mt19937;

std::string pick_name(const std::map<std::string, std::string>& files, Random& random) {
  auto file = files.begin();
  std::advance(file, random() % files.size());
  return file->first;
}

// One change of the kinds that people, disks and thieves make.
void mutate(std::map<std::string, std::string>& files, Random& random) {
  std::string& content = files[pick_name(files, random)];
  std::vector<std::string> lines = split_lines(content);
  if (content.empty()) {
    return;
  }
  const std::size_t at = random() % content.size();
  const auto line = static_cast<std::ptrdiff_t>(random() % lines.size());
  switch (random() % 8) {
    case 0:
      content[at] = static_cast<char>(content[at] ^ (1U << (random() % 8)));
      return;
    case 1:
      content.resize(at);
      return;
    case 2:
      content.erase(at, 1 + random() % 3);
      return;
    case 3:
      content.insert(at, 1, "0\n\r\"a\0 }"[random() % 8]);
      return;
    case 4:
      lines.erase(lines.begin() + line);
      content = join(lines);
      return;
    case 5:
      lines.insert(lines.begin() + line, lines[random() % lines.size()]);
      content = join(lines);
      return;
    case 6:
      std::swap(lines[static_cast<std::size_t>(line)], lines[random() % lines.size()]);
      content = join(lines);
      return;
    default:
      content.resize(content.size() - lines.back().size());  // the last record or checkpoint
      return;
  }
}

}  // namespace

TEST_CASE("each vector gets its verdict", "[I7]") {
  for (const Case& vector : all_cases()) {
    const TempFolder folder;
    write_files(folder, vector.files);
    const auto verdict = verify(folder.path(), {});
    CAPTURE(vector.name);
    REQUIRE(verdict);
    CAPTURE(verdict->problem.text(), verdict->file, verdict->line);
    std::map<std::string, std::string> got;
    if (verdict->is_intact) {
      got = {{"outcome", "intact"},
             {"records", std::to_string(verdict->records)},
             {"checkpoints", std::to_string(verdict->checkpoints)},
             {"torn", std::to_string(verdict->torn_bytes)},
             {"unfinished", std::to_string(verdict->unfinished)}};
    } else {
      got = {{"outcome", "bad"},
             {"file", verdict->file},
             {"line", std::to_string(verdict->line)},
             {"problem", verdict->problem.text()}};
      if (verdict->seq) {
        got["seq"] = std::to_string(*verdict->seq);
      }
    }
    std::map<std::string, std::string> wanted = vector.head;
    wanted.erase("strict");
    CHECK(got == wanted);
  }
}

TEST_CASE("AU-23 the Python verifier agrees on every vector that the chain decides", "[I7]") {
  std::vector<TempFolder> folders(all_cases().size());
  std::vector<std::string> paths;
  std::string wanted;
  std::size_t used = 0;
  for (const Case& vector : all_cases()) {
    if (vector.head.count("strict") == 0) {
      write_files(folders[used], vector.files);
      paths.push_back(folders[used++].path());
      wanted += vector.head.at("outcome") == "intact" ? '1' : '0';
    }
  }
  CHECK(python_verdicts(paths) == wanted);
}

TEST_CASE("AU-23 both verifiers give the same verdict on logs changed at random", "[I7][every]") {
  const bool is_archived = GENERATE(false, true);
  const TempFolder original;
  make_log(original, 6, 2048);
  make_log(original, 3, 2048);
  add_unsigned(original, 2);
  if (is_archived) {
    put_archived(original, statement_of(original, 1));
    remove_until(original, 1);
  }
  std::map<std::string, std::string> files = files_of(original);
  files.erase("lock");
  REQUIRE(files.size() >= 4);

  Random random(23);  // NOLINT(cert-msc51-cpp): the same changes each time
  constexpr std::size_t kCases = 400;
  std::vector<TempFolder> folders(kCases);
  std::vector<std::string> paths;
  std::string ours;
  for (const TempFolder& folder : folders) {
    std::map<std::string, std::string> changed = files;
    const std::size_t changes = random() % 3;  // some are left as they were
    for (std::size_t i = 0; i < changes; ++i) {
      mutate(changed, random);
    }
    write_files(folder, changed);
    const auto verdict = verify(folder.path(), {});
    ours += verdict && verdict->is_intact ? '1' : '0';
    paths.push_back(folder.path());
  }
  const std::string theirs = python_verdicts(paths);
  for (std::size_t i = 0; i < kCases; ++i) {
    CAPTURE(i, paths[i]);
    CHECK(ours[i] == theirs[i]);
  }
  CHECK(std::count(ours.begin(), ours.end(), '1') > 100);
  CHECK(std::count(ours.begin(), ours.end(), '0') > 150);
}

}  // namespace keyswap::audit
