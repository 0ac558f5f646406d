// SPDX-License-Identifier: Apache-2.0
//
// A JSON text (RFC 8259) in pieces, and where in it each value stands. For texts that are too long
// to be kept, or hold what bindings/json.h does not take: what is asked of a language model, and
// what it answers. It keeps the names on the way to where it is, and the beginning of one value;
// it does not care how the text is cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace keyswap::bindings {

class JsonWalk {
 public:
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };

  // Who is told. Views live for the call.
  class Visitor {
   public:
    Visitor() = default;
    Visitor(const Visitor&) = delete;
    Visitor& operator=(const Visitor&) = delete;
    Visitor(Visitor&&) = delete;
    Visitor& operator=(Visitor&&) = delete;
    virtual ~Visitor() = default;

    // A value that is no array and no object. `text`: a string as it is meant, others as written;
    // the first bounds::kWalkTextBytesMax bytes of it. `bytes`: how many it has.
    virtual void on_scalar(const JsonWalk& walk,
                           Kind kind,
                           std::string_view text,
                           std::size_t bytes) = 0;
    // An array or object begins; it ends. It is no part of the path itself then.
    virtual void on_begin(const JsonWalk& walk, Kind kind) = 0;
    virtual void on_end(const JsonWalk& walk, Kind kind) = 0;
  };

  // `visitor` outlives it.
  explicit JsonWalk(Visitor& visitor) : visitor_(&visitor) {}

  // False: this is no JSON text, or deeper than bounds::kWalkDepthMax. Nothing is taken then until
  // restart().
  bool feed(std::string_view bytes);
  // The text is over. Was it a whole one?
  [[nodiscard]] bool end();
  // Another text begins.
  void restart();

  // In how many arrays and objects it is; names are counted from the outermost.
  [[nodiscard]] std::size_t depth() const { return frames_.size(); }

  [[nodiscard]] bool is_in_object(std::size_t level) const { return frames_[level].is_object; }

  // The member's name; "" in an array, and cut after bounds::kWalkTextBytesMax.
  [[nodiscard]] const std::string& name(std::size_t level) const { return frames_[level].name; }

 private:
  enum class State : std::uint8_t {
    value,
    first_item,  // a value, or the array's end
    first_name,  // a name, or the object's end
    next_name,
    colon,
    string,
    escape,
    unicode,
    word,  // a number, true, false, null
    behind,
    done,
    broken,
  };

  struct Frame {
    bool is_object = false;
    std::string name;
  };

  std::size_t read_string(std::string_view bytes);
  bool take(char c);
  void take_token(char c);
  void begin_value(char c);
  void begin_string(bool is_name);
  void end_string();
  void open(Kind kind);
  void close(bool is_object);
  void end_word();
  void after_value();
  void separate(char c);
  void read_escape(char c);
  void read_digit(char c);
  void add_code_unit();
  void add(std::string_view bytes);

  Visitor* visitor_;
  State state_ = State::value;
  std::vector<Frame> frames_;
  std::string text_;       // of the value, as far as it is kept
  std::size_t bytes_ = 0;  // of the value
  bool is_name_ = false;
  std::size_t digits_ = 0;  // of a \u, so far
  unsigned unit_ = 0;
  unsigned high_ = 0;  // the first half of a surrogate pair, while its other may come
};

}  // namespace keyswap::bindings
