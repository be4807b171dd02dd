// What gc_objects.wat does, with malloc and free: trees of two children, a list that is reversed and summed, arrays of records.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Tree {
    struct Tree *left, *right;
} Tree;
typedef struct Node {
    int32_t value;
    struct Node* next;
} Node;

static Tree* grow(int depth) {
    Tree* tree = malloc(sizeof *tree);
    tree->left = depth ? grow(depth - 1) : NULL;
    tree->right = depth ? grow(depth - 1) : NULL;
    return tree;
}
static int32_t count(const Tree* tree) { return tree ? 1 + count(tree->left) + count(tree->right) : 0; }
static void fell(Tree* tree) {
    if (!tree) return;
    fell(tree->left);
    fell(tree->right);
    free(tree);
}

static uint32_t trees(int rounds) {
    uint32_t sum = 0;
    for (int i = 0; i < rounds; i++) {
        Tree* tree = grow(12);
        sum = sum * 31 + (uint32_t)count(tree);
        fell(tree);
    }
    return sum;
}

static uint32_t list(int length) {
    Node *head = NULL, *reversed = NULL;
    uint32_t sum = 0;
    for (int i = 0; i < length; i++) {
        Node* node = malloc(sizeof *node);
        node->value = i * i;
        node->next = head;
        head = node;
    }
    while (head) {
        Node* next = head->next;
        head->next = reversed;
        reversed = head;
        head = next;
    }
    while (reversed) {
        Node* next = reversed->next;
        sum = sum * 31 + (uint32_t)reversed->value;
        free(reversed);
        reversed = next;
    }
    return sum;
}

static uint32_t arrays(int length, int rounds) {
    Node** all = malloc((size_t)length * sizeof *all);
    for (int i = 0; i < length; i++) {
        all[i] = malloc(sizeof **all);
        all[i]->value = i;
    }
    uint32_t sum = 0;
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < length; i++) {
            all[i]->value += all[(i + 1) % length]->value;
            sum += (uint32_t)all[i]->value;
        }
    for (int i = 0; i < length; i++) free(all[i]);
    free(all);
    return sum;
}

int main(void) {
    printf("%08x\n%08x\n%08x\n", trees(60), list(300000), arrays(1000, 1000));
    return 0;
}
