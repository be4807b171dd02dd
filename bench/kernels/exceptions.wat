;; Exceptions: a handler that is entered and never used, a throw to the caller every third time, one over eight frames.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (tag $odd (param i32))
  (memory (export "memory") 1)

  ;; eight hexadecimal digits and an end of line
  (func $print (param $value i32) (local $i i32) (local $digit i32)
    (loop $more
      (local.set $digit (i32.and (i32.shr_u (local.get $value) (i32.sub (i32.const 28) (i32.shl (local.get $i) (i32.const 2)))) (i32.const 15)))
      (i32.store8 offset=16 (local.get $i)
        (i32.add (local.get $digit) (select (i32.const 48) (i32.const 87) (i32.lt_u (local.get $digit) (i32.const 10)))))
      (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 8))))
    (i32.store8 (i32.const 24) (i32.const 10))
    (i32.store (i32.const 0) (i32.const 16))
    (i32.store (i32.const 4) (i32.const 9))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))

  (func $odd_one (param $value i32) (result i32)
    (if (i32.eqz (i32.rem_s (local.get $value) (i32.const 3))) (then (throw $odd (local.get $value))))
    (i32.mul (local.get $value) (i32.const 5)))
  (func $even (param $value i32) (result i32) (i32.mul (local.get $value) (i32.const 7)))
  (func $deep (param $depth i32) (param $value i32) (result i32)
    (if (result i32) (local.get $depth)
      (then (i32.add (call $deep (i32.sub (local.get $depth) (i32.const 1)) (local.get $value)) (i32.const 1)))
      (else (call $odd_one (i32.mul (local.get $value) (i32.const 3))))))

  (func $untouched (param $rounds i32) (result i32) (local $i i32) (local $sum i32)
    (loop $more
      (drop (block $caught (result i32)
        (try_table (catch $odd $caught)
          (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) (call $even (local.get $i)))))
        (i32.const 0)))
      (br_if $more (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $rounds))))
    (local.get $sum))
  (func $near (param $rounds i32) (result i32) (local $i i32) (local $sum i32)
    (loop $more
      (block $done
        (block $caught (result i32)
          (try_table (catch $odd $caught)
            (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) (call $odd_one (local.get $i)))))
          (br $done))
        (local.set $sum (i32.add (local.get $sum))))
      (br_if $more (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $rounds))))
    (local.get $sum))
  (func $far_away (param $rounds i32) (result i32) (local $i i32) (local $sum i32)
    (loop $more
      (block $done
        (block $caught (result i32)
          (try_table (catch $odd $caught) (local.set $sum (i32.add (local.get $sum) (call $deep (i32.const 8) (local.get $i)))))
          (br $done))
        (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)))))
      (br_if $more (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $rounds))))
    (local.get $sum))

  (func (export "_start")
    (call $print (call $untouched (i32.const 3000000)))
    (call $print (call $near (i32.const 900000)))
    (call $print (call $far_away (i32.const 100000)))))
