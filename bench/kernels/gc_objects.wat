;; Managed objects: trees of two children, a list that is reversed and summed, arrays of records. gc_objects.c does the same with malloc.
(module
  (type $tree (struct (field $left (ref null $tree)) (field $right (ref null $tree))))
  (type $node (struct (field $value (mut i32)) (field $next (mut (ref null $node)))))
  (type $nodes (array (mut (ref null $node))))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
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

  (func $grow (param $depth i32) (result (ref $tree))
    (if (result (ref $tree)) (local.get $depth)
      (then (struct.new $tree (call $grow (i32.sub (local.get $depth) (i32.const 1))) (call $grow (i32.sub (local.get $depth) (i32.const 1)))))
      (else (struct.new_default $tree))))
  (func $count (param $tree (ref null $tree)) (result i32)
    (if (ref.is_null (local.get $tree)) (then (return (i32.const 0))))
    (i32.add (i32.const 1)
      (i32.add (call $count (struct.get $tree $left (local.get $tree))) (call $count (struct.get $tree $right (local.get $tree))))))
  (func $trees (param $rounds i32) (result i32) (local $sum i32)
    (loop $more
      (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) (call $count (call $grow (i32.const 12)))))
      (br_if $more (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
    (local.get $sum))

  (func $list (param $length i32) (result i32)
    (local $i i32) (local $head (ref null $node)) (local $reversed (ref null $node)) (local $next (ref null $node)) (local $sum i32)
    (loop $more
      (local.set $head (struct.new $node (i32.mul (local.get $i) (local.get $i)) (local.get $head)))
      (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $length))))
    (loop $turn
      (local.set $next (struct.get $node $next (local.get $head)))
      (struct.set $node $next (local.get $head) (local.get $reversed))
      (local.set $reversed (local.get $head))
      (br_if $turn (i32.eqz (ref.is_null (local.tee $head (local.get $next))))))
    (loop $add
      (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) (struct.get $node $value (local.get $reversed))))
      (br_if $add (i32.eqz (ref.is_null (local.tee $reversed (struct.get $node $next (local.get $reversed)))))))
    (local.get $sum))

  (func $arrays (param $length i32) (param $rounds i32) (result i32) (local $all (ref $nodes)) (local $i i32) (local $node (ref null $node)) (local $sum i32)
    (local.set $all (array.new_default $nodes (local.get $length)))
    (loop $fill
      (array.set $nodes (local.get $all) (local.get $i) (struct.new $node (local.get $i) (ref.null $node)))
      (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $length))))
    (loop $round
      (local.set $i (i32.const 0))
      (loop $each
        (local.set $node (array.get $nodes (local.get $all) (local.get $i)))
        (struct.set $node $value (local.get $node)
          (i32.add (struct.get $node $value (local.get $node))
            (struct.get $node $value
              (array.get $nodes (local.get $all) (i32.rem_s (i32.add (local.get $i) (i32.const 1)) (local.get $length))))))
        (local.set $sum (i32.add (local.get $sum) (struct.get $node $value (local.get $node))))
        (br_if $each (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $length))))
      (br_if $round (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
    (local.get $sum))

  (func (export "_start")
    (call $print (call $trees (i32.const 60)))
    (call $print (call $list (i32.const 300000)))
    (call $print (call $arrays (i32.const 1000) (i32.const 1000)))))
